"""The last line of a run, by each way it can end."""

import pytest
from view_samples import failure, report, row, step, stored

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.outcome import DETACHED, INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.next_command import next_command_lines, next_of_several

FILM = "manifests/teaser.yaml"
DONE, LEFT = stored("open"), row("turn")
RUNNING = row("turn", action=Action.RESUME, stage=Stage.SUBMITTED, task="t-1")
DOUBT = row("turn", action=Action.HOLD, stage=Stage.IN_DOUBT)
REFUSED = row("turn", action=Action.HOLD, why=f"{StepReason.REFUSED}: a brand")
HELD = row("turn", action=Action.HOLD, why="the lock names its clip")


def ended(*kinds: FailureKind, **members: object) -> Outcome:
    failed = tuple((step("turn"), failure(kind=kind)) for kind in kinds)
    return Outcome(failed=failed, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "rows", "command"),
    [
        (ended(stored=1), [DONE], f"report {FILM}"),
        (ended(), [DONE], f"report {FILM}"),
        (ended(FailureKind.BROKEN), [LEFT], f"run {FILM}"),
        (ended(FailureKind.REFUSED), [REFUSED], f"run --failed {FILM}"),
        (ended(), [REFUSED], f"run --failed {FILM}"),
        (ended(FailureKind.REFUSED, FailureKind.BROKEN), [LEFT, REFUSED], f"run {FILM}"),
        (ended(FailureKind.UNKNOWN_OUTCOME), [DOUBT], f"resolve {FILM}"),
        (ended(FailureKind.UNPAID, stop_reason=INTERRUPTED), [DOUBT], f"resolve {FILM}"),
        (ended(), [DOUBT, DONE], f"resolve {FILM}"),
        (ended(FailureKind.UNPAID), [LEFT], f"run {FILM}"),
        (ended(FailureKind.UNAUTHORIZED), [LEFT], "doctor"),
        (ended(FailureKind.PENDING), [RUNNING], f"fetch {FILM}"),
        (ended(FailureKind.OVER_CAP), [LEFT], f"plan {FILM}"),
        (ended(FailureKind.UNNAMED), [DONE], f"run {FILM}"),
        (ended(FailureKind.NO_ROOM, stop_reason="no room"), [LEFT], f"run {FILM}"),
        (ended(stop_reason=INTERRUPTED), [LEFT], f"run {FILM}"),
        (ended(stop_reason=INTERRUPTED, left_running=1), [RUNNING], f"run {FILM}"),
        (ended(stop_reason=DETACHED, left_running=1), [RUNNING], f"run {FILM}"),
        (ended(FailureKind.REFUSED, stop_reason=DETACHED), [REFUSED], f"run --failed {FILM}"),
        (ended(stop_reason=DETACHED), [DONE], f"report {FILM}"),
        (ended(), [RUNNING], f"fetch {FILM}"),
        (ended(), [HELD], f"status {FILM}"),
        (ended(stored=1), [DONE, LEFT], f"run {FILM}"),
    ],
)
def test_each_end_of_a_run_leads_to_a_command(outcome: Outcome, rows: list[TakeRow], command: str) -> None:
    *_, last = next_command_lines(outcome, report(*rows))
    assert last == f"    hailuo-batch {command}"


def test_a_task_that_could_not_be_recorded_comes_first() -> None:
    lost = Failure(
        kind=FailureKind.UNRECORDED, why="x", remedy="Note the id:", command=("resolve", "turn#1", "--task", "t-1")
    )
    lines = next_command_lines(Outcome(failed=((step("turn"), lost),), stop_reason="x"), report(DOUBT))
    assert lines == ["Note the id:", f"    hailuo-batch resolve turn#1 --task t-1 {FILM}"]


@pytest.mark.parametrize(
    ("world", "command"),
    [("sketch", f"report --sketch {FILM}"), ("rehearsal", f"plan {FILM}")],
)
def test_the_other_worlds_lead_on(world: str, command: str) -> None:
    assert next_command_lines(ended(stored=1), report(DONE, **{world: True}))[-1] == f"    hailuo-batch {command}"


def test_the_run_repeats_what_was_selected() -> None:
    now: Report = report(LEFT, choice=("--only", "tag:hero"))
    assert next_command_lines(ended(FailureKind.BROKEN), now)[-1] == f"    hailuo-batch run --only tag:hero {FILM}"


def test_of_several_manifests_the_first_that_is_not_done_leads() -> None:
    outcomes, reports = [ended(stored=1), ended(FailureKind.UNAUTHORIZED)], [report(DONE), report(LEFT)]
    assert next_of_several(outcomes, reports)[-1] == "    hailuo-batch doctor"
    assert next_of_several(outcomes[:1], reports[:1])[-1] == f"    hailuo-batch report {FILM}"
