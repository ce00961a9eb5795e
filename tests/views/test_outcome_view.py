"""What `run` prints at its end, whole."""

from collections.abc import Callable
from pathlib import Path

from view_samples import failure, report, row, step, stored, usd

from hailuo_batch.core.outcome import INTERRUPTED, Outcome
from hailuo_batch.views.outcome import SHOWN, draw_outcome

Golden = Callable[[str, str], None]

WHOLE = report(stored("open"), stored("turn"), clips=2, seconds=12.0, bytes=2_469_134)
HALF = report(stored("open"), row("turn"))
LOCK = Path("manifests/teaser.lock.yaml")


def test_a_run_that_made_everything(golden: Golden) -> None:
    done = Outcome(stored=2, seconds=75.4)
    golden(
        draw_outcome(done, report(*WHOLE.rows, spent=(usd("0.56"),)), lock=LOCK, folder="renders/"), "outcome_done.txt"
    )


def test_a_sketch_is_called_one(golden: Golden) -> None:
    golden(
        draw_outcome(Outcome(stored=1, seconds=4.2), report(stored("open"), sketch=True), lock=None, folder="renders/"),
        "outcome_sketch.txt",
    )


def test_failures_come_with_what_to_do(golden: Golden) -> None:
    failed = (
        (
            step("turn", "twin"),
            failure("the picture was refused", "Choose another, then:\n    hailuo-batch run"),
        ),
        (step("pack-red"), failure("no room on the disk")),
    )
    golden(
        draw_outcome(Outcome(stored=1, failed=failed, seconds=9.0), HALF, lock=LOCK, folder="renders/"),
        "outcome_failures.txt",
    )


def test_many_failures_are_counted_and_cut(golden: Golden) -> None:
    failed = tuple((step(f"shot-{number}"), failure()) for number in range(SHOWN + 3))
    golden(
        draw_outcome(Outcome(failed=failed, seconds=9.0), HALF, lock=None, folder="renders/"),
        "outcome_many_failures.txt",
    )


def test_an_interrupted_run_says_that_the_next_goes_on(golden: Golden) -> None:
    golden(
        draw_outcome(Outcome(stored=1, stopped=INTERRUPTED, seconds=61.0), HALF, lock=None, folder="renders/"),
        "outcome_stopped.txt",
    )


def test_names_given_again_are_told_in_the_right_number() -> None:
    one, two = (draw_outcome(Outcome(named=n), WHOLE, lock=None, folder="renders/") for n in (1, 2))
    assert "1 clip that was there got its name." in one
    assert "2 clips that were there got their names." in two


def test_a_run_with_nothing_to_do_is_one_line(golden: Golden) -> None:
    golden(draw_outcome(Outcome(), WHOLE, lock=None, folder="renders/"), "outcome_nothing.txt")
    golden(draw_outcome(Outcome(), WHOLE, lock=LOCK, folder="renders/"), "outcome_nothing_but_the_lock.txt")
