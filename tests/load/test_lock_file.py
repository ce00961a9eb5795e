"""`load/lockfile.py`: the file beside a manifest."""

import errno
import os
import stat
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.errors import Exit, FileChangedError, InputError, StoreError
from hailuo_batch.load.lockfile import lock_text, read_lock, write_lock
from hailuo_batch.load.sidecar import read_source, source_digest

MARK, DIGEST = "v1-" + "ab" * 32, "sha256:" + "cd" * 32


def take(**members: Any) -> LockedTake:
    return LockedTake(**{"fingerprint": MARK, "digest": DIGEST, "provider": "minimax", **members})


LOCK = Lockfile(
    campaign="teaser",
    shots={
        "turn": LockedShot(version=2, takes={2: take(), 1: take(cost=Money(amount=Decimal("0.28"), currency="USD"))}),
        "open": LockedShot(version=1, takes={10: take(), 9: take(provider="animatic")}),
    },
)
TEXT = f"""\
# Which clips are the campaign. Written by hailuo-batch; commit it with the manifest.
version: 1
campaign: teaser
shots:
  open:
    version: 1
    takes:
      "9":
        fingerprint: {MARK}
        artifact: {DIGEST}
        provider: animatic
      "10":
        fingerprint: {MARK}
        artifact: {DIGEST}
        provider: minimax
  turn:
    version: 2
    takes:
      "1":
        fingerprint: {MARK}
        artifact: {DIGEST}
        provider: minimax
        cost: "0.28 USD"
      "2":
        fingerprint: {MARK}
        artifact: {DIGEST}
        provider: minimax
"""
marks = st.integers(0, 2**64).map(lambda number: f"v1-{number:064x}")
money = st.none() | st.builds(
    Money, amount=st.decimals("0", "99999", places=4), currency=st.sampled_from(["USD", "CNY", "credits"])
)
takes = st.builds(
    LockedTake,
    fingerprint=marks,
    digest=marks.map(lambda mark: f"sha256:{mark[3:]}"),
    provider=st.sampled_from(["minimax", "vtrix", "animatic", "my-gateway", "no", "1st"]),
    cost=money,
    made_for=st.just("") | marks,
)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True) | st.sampled_from(
    ["no", "Yes", "null", "1e3", "007", "0x1f", "1.5", "true", "on", "9-16", "a.b", "y"]
)
locks = st.builds(
    Lockfile,
    campaign=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    shots=st.dictionaries(
        ids,
        st.builds(
            LockedShot, version=st.integers(1, 999), takes=st.dictionaries(st.integers(1, 99), takes, max_size=3)
        ),
        max_size=4,
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "teaser.lock.yaml"


def test_a_lock_is_sorted_with_one_line_for_each_fact(path: Path) -> None:
    assert lock_text(LOCK) == TEXT
    assert write_lock(path, LOCK)
    assert path.read_bytes() == TEXT.encode()


def test_a_clip_that_was_accepted_for_another_request_says_which_one_it_answers(path: Path) -> None:
    other = "v1-" + "5" * 64
    lock = Lockfile(campaign="teaser", shots={"open": LockedShot(version=1, takes={1: take(made_for=other)})})
    write_lock(path, lock)
    assert f"fingerprint: {MARK}\n        made_for: {other}\n        artifact: {DIGEST}\n" in path.read_text()
    assert read_lock(path, campaign="teaser") == lock


def test_no_file_is_an_empty_lock_and_an_empty_lock_makes_no_file(path: Path) -> None:
    empty = Lockfile(campaign="teaser", shots={})
    assert read_lock(path, campaign="teaser") == empty
    assert not write_lock(path, empty)
    assert not path.exists()


def test_an_emptied_lock_is_written_over_a_full_one(path: Path) -> None:
    write_lock(path, LOCK)
    assert write_lock(path, Lockfile(campaign="teaser", shots={}))
    assert read_lock(path, campaign="teaser") == Lockfile(campaign="teaser", shots={})
    assert path.read_text().endswith("shots: {}\n")


def test_the_same_lock_is_not_written_again(path: Path) -> None:
    write_lock(path, LOCK)
    before = path.stat()
    assert not write_lock(path, LOCK)
    after = path.stat()  # without the time it was last read
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@given(locks)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_writing_reading_and_writing_again_gives_the_same_bytes(tmp_path: Path, lock: Lockfile) -> None:
    path = tmp_path / "any.lock.yaml"
    write_lock(path, lock)
    text = path.read_bytes() if path.exists() else b""
    found = read_lock(path, campaign=lock.campaign)
    assert found == lock
    assert not write_lock(path, found)
    assert (path.read_bytes() if path.exists() else b"") == text
    path.unlink(missing_ok=True)


@given(locks)
@settings(deadline=None, max_examples=60)
def test_any_reader_of_yaml_reads_the_same(lock: Lockfile) -> None:
    tree = yaml.safe_load(lock_text(lock))
    assert set(tree["shots"]) == set(lock.shots)
    for name, shot in lock.shots.items():
        assert {int(number) for number in tree["shots"][name]["takes"] or ()} == set(shot.takes)


@given(locks)
@settings(deadline=None)
def test_the_text_does_not_depend_on_the_order_of_the_shots(lock: Lockfile) -> None:
    turned = Lockfile(
        campaign=lock.campaign,
        shots={
            name: LockedShot(version=shot.version, takes=dict(reversed(list(shot.takes.items()))))
            for name, shot in reversed(list(lock.shots.items()))
        },
    )
    assert lock_text(turned) == lock_text(lock)


def test_two_branches_that_touch_different_shots_change_different_lines() -> None:
    def changed(lock: Lockfile) -> set[int]:
        lines = zip(TEXT.splitlines(), lock_text(lock).splitlines(), strict=True)
        return {number for number, (old, new) in enumerate(lines) if old != new}

    one = Lockfile(
        campaign="teaser", shots={**LOCK.shots, "open": LockedShot(version=2, takes=LOCK.shots["open"].takes)}
    )
    two = Lockfile(
        campaign="teaser", shots={**LOCK.shots, "turn": LockedShot(version=3, takes=LOCK.shots["turn"].takes)}
    )
    assert changed(one)
    assert changed(one).isdisjoint(changed(two))


GOOD = (
    "version: 1\ncampaign: c\nshots: {a: {version: 1, takes: "
    f"{{'1': {{fingerprint: {MARK}, artifact: x, provider: p}}}}}}}}"
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1\nc", "version: one\nc", "It is not a lock of version 1."),
        ("version: 1\nc", "version: 0\nc", "It is not a lock of version 1."),
        (GOOD, "", "The file holds no value"),
        (GOOD, "- 1", "mapping"),
        ("campaign: c", "campaign: 5", "This is not as hailuo-batch writes it: campaign of the file."),
        ("campaign: c\n", "", "This is not as hailuo-batch writes it: campaign of the file."),
        ("{version: 1,", "{version: x,", 'writes it: version of shot "a".'),
        ("{version: 1,", "{version: 0,", 'version of shot "a"'),
        ("{version: 1,", "{version: true,", 'version of shot "a"'),
        ("{'1':", "{'0':", 'take 0 of shot "a"'),
        ("{'1':", "{'one':", 'take one of shot "a"'),
        (f"fingerprint: {MARK}", "fingerprint: [1]", 'fingerprint of take 1 of shot "a"'),
        ("artifact: x, ", "", 'artifact of take 1 of shot "a"'),
        ("provider: p", "provider: 5", 'provider of take 1 of shot "a"'),
        ("provider: p", "provider: p, cost: 5", 'cost of take 1 of shot "a"'),
        ("provider: p", "provider: p, cost: NaN USD", 'cost of take 1 of shot "a"'),
        ("provider: p", "provider: p, cost: '-1 USD'", 'cost of take 1 of shot "a"'),
        ("provider: p", "provider: p, cost: '1'", 'cost of take 1 of shot "a"'),
        ("shots: {a", "shots: {a: {version: 1, takes: {}}, a", "teaser.lock.yaml:3"),
    ],
)
def test_a_lock_that_cannot_be_read_says_where_and_what_to_do(path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as wrong:
        read_lock(path, campaign="c")
    assert wrong.value.summary == f"the lock {path} cannot be read"
    assert said in wrong.value.why
    assert wrong.value.exit is Exit.INVALID
    assert wrong.value.remedy == (
        f"Restore the file from the last commit, then run again:\n    git checkout HEAD -- {path}"
    )
    assert "Error(" not in wrong.value.why


SIDES = {
    "whole": "<<<<<<< HEAD\n  a:\n=======\n  b:\n>>>>>>> other\n",
    "first": "<<<<<<< HEAD\n",
    "last": ">>>>>>> b\n",
}


@pytest.mark.parametrize("marks", SIDES.values(), ids=list(SIDES))
def test_a_lock_that_git_left_unmerged_says_how_to_take_either_side(path: Path, marks: str) -> None:
    lines = TEXT.splitlines(keepends=True)
    path.write_text("".join((*lines[:5], marks, *lines[5:])))
    with pytest.raises(InputError) as wrong:
        read_lock(path, campaign="c")
    assert wrong.value.why.startswith(f"{path}:6: This file has an unresolved merge: ")
    assert wrong.value.remedy == (
        "Take either side, then run again: the run writes what is missing.\n"
        f"    git checkout --ours -- {path}\nor\n    git checkout --theirs -- {path}"
    )


def test_a_path_is_said_as_it_was_given_and_as_a_shell_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("our films/a.lock.yaml")
    path.parent.mkdir()
    path.write_text("[]")
    with pytest.raises(InputError, match=r"^the lock our films/a\.lock\.yaml cannot be read$") as wrong:
        read_lock(path, campaign="c")
    assert wrong.value.remedy.endswith("git checkout HEAD -- 'our films/a.lock.yaml'")


def test_a_lock_of_a_newer_version_is_not_to_be_thrown_away(path: Path) -> None:
    path.write_text(GOOD.replace("version: 1\nc", "version: 2\nc"))
    with pytest.raises(InputError) as wrong:
        read_lock(path, campaign="c")
    assert wrong.value.why == "It is a lock of version 2, and version 1 is read here."
    assert "git" not in wrong.value.remedy


def test_the_good_one_above_is_good(path: Path) -> None:
    path.write_text(GOOD)
    assert list(read_lock(path, campaign="c").shots) == ["a"]


def test_a_folder_in_its_place_is_told_in_plain_words(path: Path) -> None:
    path.mkdir()
    with pytest.raises(InputError) as wrong:
        read_lock(path, campaign="c")
    assert wrong.value.why == "It is a folder."
    assert "git" not in wrong.value.remedy


def test_a_lock_that_cannot_be_written_says_so_and_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(path, LOCK)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError) as wrong:
        write_lock(path, Lockfile(campaign="teaser", shots={}))
    assert wrong.value.summary == "the lock could not be written"
    assert wrong.value.why == f"{path}: the system says: No space left on device."
    assert wrong.value.remedy
    assert path.read_text() == TEXT
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_lock_whose_folder_is_gone_is_told_in_the_same_words(path: Path) -> None:
    with pytest.raises(StoreError, match="the lock could not be written"):
        write_lock(path.parent / "gone" / path.name, LOCK)
    path.mkdir()
    with pytest.raises(StoreError, match="the lock could not be written"):
        write_lock(path, LOCK)


def test_the_lock_and_its_name_are_on_the_disk_when_it_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr("os.fsync", lambda number: synced.append(stat.S_ISDIR(os.fstat(number).st_mode)))
    write_lock(path, LOCK)
    assert synced == [False, True]


@example(place=TEXT.index('"0.28 USD"'), put=b"", gone=1)  # a currency that ends in a quote
@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3), st.integers(0, 40))
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_lock_damaged_at_random_is_read_or_refused_and_never_anything_else(
    tmp_path: Path, place: int, put: bytes, gone: int
) -> None:
    path = tmp_path / "teaser.lock.yaml"
    data = TEXT.encode()
    path.write_bytes(data[:place] + put + data[place + gone :])
    try:
        lock = read_lock(path, campaign="teaser")
    except InputError:
        return
    assert all(isinstance(mark, str) for mark in lock.clips)
    assert all(past.version >= 1 for past in lock.last_renders.values())
    write_lock(path, lock)
    assert read_lock(path, campaign="teaser") == lock


@pytest.mark.parametrize("now", [None, "", "# another\n" + TEXT], ids=["gone", "empty", "another"])
def test_a_lock_that_is_not_the_one_that_was_read_is_put_beside(path: Path, now: str | None) -> None:
    write_lock(path, LOCK)
    read = read_lock(path, campaign="teaser")
    path.unlink() if now is None else path.write_text(now)
    shots = {"more": LockedShot(version=1, takes={})}
    with pytest.raises(FileChangedError) as wrong:
        write_lock(path, replace(read, shots=shots))
    beside = path.with_name(f"{path.name}.new")
    assert str(beside) in wrong.value.remedy
    assert "more:" in beside.read_text()
    assert (path.read_text() if path.exists() else None) == now
    write_lock(path, Lockfile(campaign="teaser", shots=shots, source=source_digest(read_source(path))))
    assert "more:" in path.read_text()
    assert not beside.exists()


def test_a_lock_that_was_not_there_when_it_was_read_is_not_written_over(path: Path) -> None:
    read = read_lock(path, campaign="teaser")
    write_lock(path, LOCK)
    with pytest.raises(FileChangedError):
        write_lock(path, replace(read, shots={"more": LockedShot(version=1, takes={})}))
    assert path.read_text() == TEXT


def test_what_says_the_same_is_no_conflict_whoever_wrote_it(path: Path) -> None:
    read = read_lock(path, campaign="teaser")
    write_lock(path, LOCK)
    assert not write_lock(path, replace(read, shots=LOCK.shots))
