from core_samples import usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending.garbage import DiskFile, Garbage, UnreferencedClip, find_unreferenced_clips


def attempt(digest: str | None = "sha256:aa", stage: Stage = Stage.STORED, **members) -> AttemptRecord:
    plain = {
        "id": 1, "fingerprint": "v1-a", "preimage": "{}", "provider": "minimax", "campaign": "teaser", "shot": "open",
        "take": 1, "tags": (), "run": 1, "task": "t-1", "estimate": usd("0.28"), "cost": None, "failure": None,
        "intended_at": 0.0, "changed_at": 0.0,
    }  # fmt: skip
    return AttemptRecord(**{"digest": digest, "stage": stage, **plain, **members})


def file(name: str = "aa.mp4", size: int = 100, since: float = 10.0) -> DiskFile:
    return DiskFile(name=name, size=size, modified_at=since)


def found(needed: set[str], *attempts: AttemptRecord, before: float = 20.0, **since: float) -> list[str]:
    files = {f"sha256:{name}": file(name, since=when) for name, when in since.items()}
    return [spare.digest for spare in find_unreferenced_clips(files, needed, attempts, before=before)]


def test_a_clip_that_nobody_needs_is_spare() -> None:
    assert found(set(), attempt(), aa=10.0) == ["sha256:aa"]
    assert found({"sha256:aa"}, attempt(), aa=10.0) == []


def test_a_young_clip_is_left_and_so_is_one_that_the_ledger_does_not_know() -> None:
    assert found(set(), attempt(), aa=20.0) == []
    assert found(set(), attempt(None, Stage.FAILED), aa=10.0) == []


def test_what_is_in_the_ledger_and_not_in_the_store_cannot_be_spared() -> None:
    assert found(set(), attempt("sha256:bb"), aa=10.0) == []


def test_the_oldest_comes_first() -> None:
    both = (attempt("sha256:aa"), attempt("sha256:bb"))
    assert found(set(), *both, aa=12.0, bb=11.0) == ["sha256:bb", "sha256:aa"]


def test_what_was_paid_is_what_was_told_else_the_estimate_and_a_drawing_is_free() -> None:
    gone = Failure(kind=FailureKind.DISCARDED, why="")
    attempts = (
        attempt(),
        attempt(cost=usd("0.30")),
        attempt(estimate=None),
        attempt(stage=Stage.CANCELLED, failure=gone),
        attempt(provider="animatic", estimate=None),
    )
    spares = Garbage(clips=(UnreferencedClip(digest="sha256:aa", file=file(), attempts=attempts),), days=30)
    assert spares.clips[0].purchase_costs == (usd("0.28"), usd("0.30"), None, usd("0.28"))
    assert (spares.cost, spares.unpriced, spares.bytes) == ((usd("0.86"),), 1, 100)
    assert len(spares.clips[0].stored_attempts) == 4


names = st.sampled_from("abcd").map(lambda letter: f"sha256:{letter}{letter}")


@given(st.sets(names), st.lists(names), st.dictionaries(names, st.floats(0, 40)), st.floats(0, 40))
def test_nothing_that_is_needed_young_or_unknown_ever_goes(needed, known, there, before) -> None:
    files = {digest: file(digest, since=since) for digest, since in there.items()}
    gone = {spare.digest for spare in find_unreferenced_clips(files, needed, map(attempt, known), before=before)}
    assert gone == {
        digest for digest, since in there.items() if digest in known and digest not in needed and since < before
    }
