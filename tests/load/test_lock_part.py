"""A part of a lock says of its shots what the whole lock says of them, or is not read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.load.lock_part import own_lock_digest, read_lock_part
from hailuo_batch.load.lockfile import lock_text, read_lock, write_lock

TAKE = LockedTake(fingerprint="v1-a", digest="sha256:a", provider="minimax")
IDS = ["a", "aa", "a b", "no", "1", "version", "shots", "x:\n    version: 1", "x:\r\n  y", "ä\u2028", '"', "b#"]


@given(
    shots=st.dictionaries(st.sampled_from(IDS), st.integers(0, 2), max_size=6),
    wanted=st.sets(st.sampled_from([*IDS, "none"])),
)
def test_a_part_is_what_the_whole_says_of_its_shots(
    tmp_path_factory: pytest.TempPathFactory, shots: dict[str, int], wanted: set[str]
):
    path = tmp_path_factory.mktemp("lock") / "film.lock.yaml"
    takes = {shot: dict.fromkeys(range(1, count + 1), TAKE) for shot, count in shots.items()}
    written = Lockfile(campaign="shots:\n  a", shots={s: LockedShot(version=2, takes=t) for s, t in takes.items()})
    path.write_bytes(lock_text(written).encode())
    whole = read_lock(path, campaign="")
    found = read_lock_part(path, shots=wanted, digest=own_lock_digest(whole))
    assert found is not None
    assert whole == written
    assert found.campaign == whole.campaign
    assert found.shots == {shot: each for shot, each in whole.shots.items() if shot in wanted}


def test_a_lock_that_is_not_as_it_was_written_has_no_parts(tmp_path: Path):
    path = tmp_path / "film.lock.yaml"
    write_lock(path, Lockfile(campaign="film", shots={"a": LockedShot(version=1, takes={1: TAKE})}))
    digest = own_lock_digest(read_lock(path, campaign=""))
    assert read_lock_part(path, shots={"a"}, digest=digest) is not None
    path.write_bytes(path.read_bytes().replace(b"version: 1\n    takes", b"version:  1\n    takes"))
    assert own_lock_digest(read_lock(path, campaign="")) == ""
    assert read_lock_part(path, shots={"a"}, digest=digest) is None
    assert read_lock_part(path, shots={"a"}, digest="") is None
    path.unlink()
    assert read_lock_part(path, shots={"a"}, digest=digest) is None
