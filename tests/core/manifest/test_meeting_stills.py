"""A still in which two shots should meet, and which differs: found by name and bytes, without false alarms."""

import pytest
from core_samples import after_shot, shot

from hailuo_batch.core.manifest.document import FileFrame, Frame, Frames, UrlFrame
from hailuo_batch.core.manifest.meeting_stills import find_unmatched_stills


def file(path: str) -> FileFrame:
    return FileFrame(path=path)


def found(*shots: tuple[int, Frame | None, Frame | None], same: bool = False) -> list[str]:
    """What is said of shots by index, first and last; each image has its own bytes, or all the same."""
    made = [
        shot(f"s{place}", index=index, frames=Frames(first=first, last=last))
        for place, (index, first, last) in enumerate(shots)
    ]
    frames = [frame for _, first, last in shots for frame in (first, last) if frame is not None]
    images = {frame: "one" if same else place for place, frame in enumerate(dict.fromkeys(frames))}
    return [problem.why for problem in find_unmatched_stills(made, images)]


@pytest.mark.parametrize(
    ("last", "first", "near"),
    [
        ("assets/street_v2.png", "assets/street_v1.png", True),
        ("street_v2.png", "street.png", True),
        ("street-final.png", "Street V2 edited.png", True),
        ("street.png", "street (1).png", True),
        ("street.png", "Copy of street.png", True),
        ("street copy 2.png", "./street.png", True),
        ("street.png", "street.jpg", True),
        ("cafe\u0301.png", "caf\u00e9 v2.png", True),
        ("stills/street.png", "assets/street.png", True),
        ("a/last.png", "b/last.png", False),  # a name that says nothing
        ("a/last_v1.png", "a/last_v2.png", True),
        ("001.png", "002.png", False),
        ("street_01.png", "street_02.png", False),  # a series
        ("street_end.png", "street_start.png", False),
        ("renew.png", "re.png", False),
        ("v1.png", "v2.png", False),
        ("street.png", "street.png", False),  # the same file
        ("street_dusk.png", "street_dawn.png", False),
    ],
)
def test_versions_of_one_still_are_near(last: str, first: str, *, near: bool) -> None:
    said = found((0, None, file(last)), (1, file(first), None))
    assert len(said) == near
    if said:
        assert f'"{first}"' in said[0]
        assert f'"{last}"' in said[0]


def test_a_copy_with_the_same_bytes_is_the_same_still() -> None:
    assert found((0, None, file("a_v1.png")), (1, file("a_v2.png"), None), same=True) == []


def test_only_shots_that_follow_one_another_meet() -> None:
    one, other = file("street_v1.png"), file("street_v2.png")
    assert found((0, None, one), (1, None, None), (2, other, None)) == []
    assert found((0, one, other), (1, None, None)) == []
    assert found((0, None, one), (0, other, None)) == []  # cells of one matrix do not follow one another


def test_cells_meet_cells_once_an_entry() -> None:
    cells = [(0, None, file(f"street_v{n}.png")) for n in (1, 2)]
    assert found(*cells, *((1, file(f"street_v{n}.png"), None) for n in (1, 2))) == []
    assert len(found(*cells, *((1, file(f"street_v{n}.png"), None) for n in (3, 4, 5)))) == 1


def test_a_web_address_has_a_name_and_a_frame_of_a_shot_has_none() -> None:
    one, other = (UrlFrame(url=f"https://cdn.example/street.png?v={n}", sha256=str(n) * 64) for n in (1, 2))
    assert len(found((0, None, one), (1, other, None))) == 1
    chained = [shot("a"), shot("b", index=1, frames=after_shot("a"))]
    assert tuple(find_unmatched_stills(chained, {})) == ()
