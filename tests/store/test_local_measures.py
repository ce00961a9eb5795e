from pathlib import Path

import pytest

from hailuo_batch.core.measures import ClipMeasures, FrameMatch
from hailuo_batch.store.measures import LocalMeasures

ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
SEEN = ClipMeasures(frames=16, black=0.25, matches=(FrameMatch(role="first", digest="sha256:a", ssim=0.5, shape=1.5),))


def measures(folder: Path) -> LocalMeasures:
    return LocalMeasures(folder / ".hailuo" / "measures", trusted=folder)


def test_measures_are_read_by_digest_until_their_clip_is_removed(tmp_path: Path) -> None:
    kept = measures(tmp_path)
    assert kept.read([ONE]) == {}
    kept.keep(ONE, SEEN)
    assert kept.read([ONE, OTHER]) == {ONE: SEEN}
    kept.remove(ONE)
    kept.remove(OTHER)
    assert kept.read([ONE]) == {}


@pytest.mark.parametrize("damage", [b"", b"{", b"[" * 50_000, b"x" * 200_000, b'{"version": 0}', b"\xff"])
def test_damaged_measures_are_none(tmp_path: Path, damage: bytes) -> None:
    kept = measures(tmp_path)
    kept.keep(ONE, SEEN)
    (tmp_path / ".hailuo" / "measures" / f"{'1' * 64}.json").write_bytes(damage)
    assert kept.read([ONE]) == {}


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".hailuo").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".hailuo" / "measures").symlink_to(tmp_path / "elsewhere")
    kept = measures(tmp_path)
    kept.keep(ONE, SEEN)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_digest_that_is_none_names_no_other_place(tmp_path: Path) -> None:
    kept = measures(tmp_path)
    kept.keep("sha256:../../a", SEEN)
    assert [file.name for file in (tmp_path / ".hailuo" / "measures").iterdir()] == ["no-digest.json"]
