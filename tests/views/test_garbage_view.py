from dataclasses import replace

from view_samples import FORBIDDEN, HOSTILE, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.spending.garbage import DiskFile, Garbage, UnreferencedClip
from hailuo_batch.views.garbage import draw_garbage, garbage_dict
from hailuo_batch.views.style import TextStyle

REMOVE = "hailuo-batch gc --yes"
ATTEMPT = AttemptRecord(
    id=1, fingerprint="v1-a", preimage="{}", provider="minimax", campaign="teaser", shot="open", take=2, tags=(), run=1,
    stage=Stage.STORED, task="t-1", digest="sha256:" + "ab" * 32, estimate=usd("0.28"), cost=None, failure=None,
    intended_at=0.0, changed_at=0.0,
)  # fmt: skip


def spare(number: int = 1, *attempts: AttemptRecord, **members) -> UnreferencedClip:
    file = DiskFile(
        name=f".hailuo/store/ab/{number}.mp4", size=4_100_000, modified_at=1_790_000_000.0 + number * 86_400
    )
    return UnreferencedClip(
        digest=f"sha256:{number:064x}", file=file, attempts=attempts or (replace(ATTEMPT, **members),)
    )


SPARES = Garbage(
    clips=(
        spare(1),
        spare(2, ATTEMPT, replace(ATTEMPT, shot="pack", cost=usd("0.30"))),
        spare(3, estimate=None),
        spare(4, provider="animatic", estimate=None),
    ),
    leftovers=(DiskFile(name=".hailuo/store/incoming/1.mp4", size=70_000, modified_at=0.0),),
    unknown=2,
    days=30,
)


def test_what_nobody_names_any_more_with_size_day_and_price(golden) -> None:
    golden(draw_garbage(SPARES, remove_command=REMOVE), "spares.txt")


def test_the_same_in_colour(golden) -> None:
    golden(draw_garbage(SPARES, remove_command=REMOVE, style=TextStyle(colour=True)), "spares_colour.txt")


def test_what_was_removed(golden) -> None:
    golden(draw_garbage(replace(SPARES, is_removed=True), remove_command=REMOVE), "spares_removed.txt")


def test_nothing_to_remove() -> None:
    assert draw_garbage(Garbage(days=30), remove_command=REMOVE) == "Nothing to remove that is older than 30 days."
    assert draw_garbage(Garbage(days=0), remove_command=REMOVE) == "Nothing to remove."
    told = draw_garbage(Garbage(days=1, unknown=1), remove_command=REMOVE)
    assert told == (
        "Nothing to remove that is older than 1 day.\nThe ledger does not know 1 file of the store; it stays."
    )


def test_many_are_counted_and_programs_get_them_all() -> None:
    many = Garbage(clips=tuple(spare(number) for number in range(70)), days=30)
    drawn = draw_garbage(many, remove_command=REMOVE)
    assert "  … and 10 more; --format json shows them all" in drawn
    members = garbage_dict(many)
    assert isinstance(members["clips"], list)
    assert len(members["clips"]) == 70
    assert members["clips"][1] == {
        "digest": f"sha256:{1:064x}",
        "file": ".hailuo/store/ab/1.mp4",
        "bytes": 4_100_000,
        "since": "2026-09-22T14:13:20Z",
        "takes": [{"campaign": "teaser", "shot": "open", "take": 2, "provider": "minimax"}],
        "paid": [{"amount": "0.28", "currency": "USD"}],
    }
    assert members["paid"] == [{"amount": "19.60", "currency": "USD"}]
    assert (members["removed"], members["older_than_days"], members["unknown_files"]) == (False, 30, 0)


def test_what_people_wrote_moves_no_cursor() -> None:
    drawn = draw_garbage(Garbage(clips=(spare(1, shot=HOSTILE, campaign=HOSTILE),), days=3), remove_command=HOSTILE)
    assert not [letter for letter in FORBIDDEN if letter in drawn]
