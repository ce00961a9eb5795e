"""What `run` prints at its end, whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from view_samples import failure, report, row, step, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.github_summary import draw_step_summary
from hailuo_batch.views.json_report import outcome_dict
from hailuo_batch.views.run_summary import MAX_ROWS, draw_run_summary

Golden = Callable[[str, str], None]

WHOLE = report(stored("open"), stored("turn"), clips=2, seconds=12.0, bytes=2_469_134)
HALF = report(stored("open"), row("turn"))
LOCK = Path("manifests/teaser.lock.yaml")


def test_a_run_that_made_everything(golden: Golden) -> None:
    done = Outcome(stored=2, seconds=75.4)
    golden(
        draw_run_summary(done, report(*WHOLE.rows, spent=(usd("0.56"),)), lock=LOCK, folder="renders/"),
        "outcome_done.txt",
    )


def test_clips_that_were_there_before_are_not_called_rendered() -> None:
    copied = Outcome(stored=3, kept={ClipSource.OTHER_STORE: 2, ClipSource.RENDERS: 1}, seconds=1.0)
    both = replace(copied, stored=4)
    words = (
        "2 clips copied from another project or worktree; nothing was paid again.\n"
        "1 clip restored from renders/; nothing was paid again.\n"
        "What they cost there counts here too, in sums and under caps.\n"
    )
    assert draw_run_summary(copied, WHOLE, lock=None, folder="renders/").startswith(words)
    assert draw_run_summary(both, WHOLE, lock=None, folder="renders/").startswith(f"Rendered 1 clip in 1.0 s.\n{words}")
    known = outcome_dict(both, WHOLE)
    assert (known["stored"], known["rendered"]) == (4, 1)
    assert known["kept"] == {"other_store": 2, "renders": 1, "store": 0}
    assert "2 clips copied from another project or worktree, 1 clip restored" in draw_step_summary(WHOLE, copied)
    assert "Rendered 1 clip in 1.0 s, 2 clips copied" in draw_step_summary(WHOLE, both)


def test_a_sketch_is_called_one(golden: Golden) -> None:
    golden(
        draw_run_summary(
            Outcome(stored=1, seconds=4.2), report(stored("open"), sketch=True), lock=None, folder="renders/"
        ),
        "outcome_sketch.txt",
    )


def test_failures_come_with_what_to_do(golden: Golden) -> None:
    failed = (
        (
            step("turn", "twin"),
            replace(failure("the picture was refused", "Choose another, then:"), command=("run",)),
        ),
        (step("pack-red"), failure("no room on the disk")),
    )
    golden(
        draw_run_summary(Outcome(stored=1, failed=failed, seconds=9.0), HALF, lock=LOCK, folder="renders/"),
        "outcome_failures.txt",
    )


def test_the_command_of_a_failure_repeats_the_world_and_the_manifest() -> None:
    """The failure itself has neither, since it may be stored and shown in another world."""
    unrecorded = Failure(
        kind=FailureKind.UNRECORDED,
        why="minimax accepted it as task t-1, which could not be recorded",
        remedy="Note the task id. When the ledger works again, run:",
        command=("resolve", "turn#1", "--task", "t-1", "--reason", "the run printed it"),
    )
    outcome = Outcome(failed=((step("turn"), unrecorded),))
    line = "hailuo-batch resolve --rehearsal turn#1 --task t-1 --reason 'the run printed it' manifests/teaser.yaml"
    now = report(row("turn"), rehearsal=True)
    assert f"\n          {line}\n" in draw_run_summary(outcome, now, lock=None, folder="renders/")
    assert json.dumps(f"{unrecorded.remedy}\n    {line}") in json.dumps(outcome_dict(outcome, now))


def test_many_failures_are_counted_and_cut(golden: Golden) -> None:
    failed = tuple((step(f"shot-{number}"), failure()) for number in range(MAX_ROWS + 3))
    golden(
        draw_run_summary(Outcome(failed=failed, seconds=9.0), HALF, lock=None, folder="renders/"),
        "outcome_many_failures.txt",
    )


def test_a_clip_that_only_lacks_its_name_is_said_once() -> None:
    full = failure("cannot write renders/open.mp4: no room on the disk", "Make room.", kind=FailureKind.UNNAMED)
    drawn = draw_run_summary(Outcome(stored=1, failed=((step("open"), full),)), WHOLE, lock=None, folder="renders/")
    assert "1 take stored without a name:\n  open#1  cannot write renders/open.mp4: no room on the disk\n" in drawn
    assert "failed" not in drawn


def test_an_interrupted_run_says_that_the_next_goes_on(golden: Golden) -> None:
    golden(
        draw_run_summary(Outcome(stored=1, stop_reason=INTERRUPTED, seconds=61.0), HALF, lock=None, folder="renders/"),
        "outcome_stopped.txt",
    )


def doubtful(shot: str) -> TakeRow:
    why = "outcome unknown: it may have been accepted"
    return row(shot, action=Action.HOLD, why=why, stage=Stage.IN_DOUBT, fingerprint=f"v1-{shot}")


def away(shot: str, stage: Stage = Stage.SUBMITTED) -> TakeRow:
    action = Action.RESUME if stage is Stage.SUBMITTED else Action.FETCH
    return row(shot, action=action, why="not here", stage=stage, fingerprint=f"v1-{shot}", task=f"t-{shot}")


def test_an_unclear_answer_about_a_task_that_runs_is_no_doubt_and_names_the_task(golden: Golden) -> None:
    failed = (
        (
            step("turn"),
            failure("the answer cannot be read", "The next run polls it again.", FailureKind.UNKNOWN_OUTCOME),
        ),
        (step("open"), failure("the download broke off", kind=FailureKind.FLAKY)),
    )
    now = report(away("turn"), away("open", Stage.PRODUCED))
    text = draw_run_summary(Outcome(failed=failed, seconds=9.0), now, lock=None, folder="renders/")
    assert "hailuo-batch resolve" not in text
    golden(text, "outcome_not_home.txt")


def test_doubts_say_where_to_go_whichever_run_left_them(golden: Golden) -> None:
    failed = ((step("turn"), failure("no answer came", kind=FailureKind.UNKNOWN_OUTCOME)),)
    now = report(doubtful("turn"), doubtful("old"), stored("open"))
    both = draw_run_summary(Outcome(stored=1, failed=failed, seconds=9.0), now, lock=None, folder="renders/")
    earlier = draw_run_summary(Outcome(), report(doubtful("old"), stored("open")), lock=None, folder="renders/")
    golden(f"{both}\n\n{earlier}", "outcome_doubts.txt")
    rehearsed = draw_run_summary(Outcome(), report(doubtful("old"), rehearsal=True), lock=None, folder="renders/")
    assert rehearsed.endswith("\n    hailuo-batch resolve --rehearsal manifests/teaser.yaml")


def test_names_given_again_are_told_in_the_right_number() -> None:
    one, two = (draw_run_summary(Outcome(named=n), WHOLE, lock=None, folder="renders/") for n in (1, 2))
    assert "1 clip already stored got its name." in one
    assert "2 clips already stored got their names." in two


def test_a_run_with_nothing_to_do_is_one_line(golden: Golden) -> None:
    golden(draw_run_summary(Outcome(), WHOLE, lock=None, folder="renders/"), "outcome_nothing.txt")
    golden(draw_run_summary(Outcome(), WHOLE, lock=LOCK, folder="renders/"), "outcome_nothing_but_the_lock.txt")
