"""Rights of images: each image once, and nothing where nobody writes any."""

from datetime import date

import pytest
from core_samples import shot

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import FileFrame, Frame, FrameRole, Frames, Rights, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.image_rights import next_expiry, rights_problems
from hailuo_batch.core.manifest.shot import Shot


def days_since(day: str) -> int | None:
    """As seen on 2026-11-26."""
    try:
        return (date(2026, 11, 26) - date.fromisoformat(day)).days
    except ValueError:
        return None


ACME = Rights(owner="Acme Photo", licence="contract 2026-14", expires="2027-12-31")


def film(*frames: Frame) -> tuple[Shot, ...]:
    return tuple(shot(f"s{n}", index=n, frames=Frames(first=frame)) for n, frame in enumerate(frames))


def image(path: str, rights: Rights | None = None) -> FileFrame:
    return FileFrame(path=path, rights=rights)


def until(day: str) -> Rights:
    return Rights(owner="Acme Photo", expires=day)


@pytest.mark.parametrize(
    ("frames", "found"),
    [
        ((image("a.png"), image("b.png")), []),
        ((image("a.png", ACME), image("b.png", ACME), image("a.png", ACME)), []),
        ((image("a.png", until("2026-11-26")),), []),  # the last day is one on which it may be used
        (
            (image("a.png", until("2026-11-25")), image("a.png", until("2026-11-25"))),
            [(rules.RIGHTS_EXPIRED, 'shot "s0": the rights to "a.png" expired on 2026-11-25, 1 day ago.')],
        ),
        (
            (UrlFrame(url="https://a.de/a.png", rights=until("2025-11-26")),),
            [(rules.RIGHTS_EXPIRED, 'shot "s0": the rights to "https://a.de/…" expired on 2025-11-26, 365 days ago.')],
        ),
        (
            (image("a.png", ACME), image("b.png"), image("b.png"), image("c.png"), image("a.png")),
            [(rules.RIGHTS_MISSING, 'other images of this manifest have rights, and "b.png", "c.png" have none.')],
        ),
        ((image("a.png", ACME), ShotFrame(shot="s0", frame=FrameRole.LAST)), []),  # nothing is inherited, or missing
        (
            (image("a.png", ACME), image("a.png", Rights(owner="Else"))),
            [(rules.RIGHTS_DIFFER, 'shot "s1": "a.png" has other rights here than in shot "s0".')],
        ),
        (
            (image("a.png", until("2026-02-30")),),
            [(rules.FORM, 'rights.expires is "2026-02-30", and the calendar has no such day.')],
        ),
    ],
)  # fmt: skip
def test_rights_are_spoken_of_where_they_end_lack_or_differ(frames: tuple[Frame, ...], found: list[object]) -> None:
    assert [(problem.rule, problem.why) for problem in rights_problems(film(*frames), days_since)] == found


def test_a_date_that_is_none_is_placed_where_it_is_written() -> None:
    (problem,) = rights_problems(film(image("b.png", ACME), image("a.png", until("2026-13-01"))), days_since)
    assert problem.path == ("shots", 1, "frames", "first", "rights", "expires")


def test_many_images_without_rights_are_one_warning() -> None:
    (problem,) = rights_problems(film(image("a.png", ACME), *(image(f"{n}.png") for n in range(9))), days_since)
    assert problem.why.endswith('"4.png" and 4 more have none.')


@pytest.mark.parametrize(
    ("days", "day"), [(("2027-01-01", "2026-11-26", "2020-01-01"), "2026-11-26"), (("2020-01-01",), ""), ((), "")]
)
def test_the_next_day_on_which_rights_end_is_known(days: tuple[str, ...], day: str) -> None:
    assert next_expiry(film(*(image(f"{each}.png", until(each)) for each in days)), days_since) == day
