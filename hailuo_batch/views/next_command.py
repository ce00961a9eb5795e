"""The last line of a run: what to run next, by how it ended."""

from collections.abc import Sequence

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.core.plan.outcome import DETACHED, INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.failure_advice import failure_advice
from hailuo_batch.views.format import safe_lines, safe_text
from hailuo_batch.views.unfetched import is_unfetched, resolve_hint, resubmit_hint

# Nothing of these failed to render.
_NO_RETRY = frozenset({FailureKind.OVER_CAP, FailureKind.HELD, FailureKind.UNNAMED})


def next_command_lines(outcome: Outcome, report: Report) -> list[str]:
    """What for, and the command below it: the most urgent of what is left."""
    kinds = {failure.kind for _, failure in outcome.failed}
    unrecorded = next((each for _, each in outcome.failed if each.kind is FailureKind.UNRECORDED), None)
    if unrecorded is not None:
        return safe_lines(failure_advice(unrecorded, manifest=report.manifest, world=report.world)).splitlines()
    if any(row.is_in_doubt for row in report.rows):
        return resolve_hint(report).splitlines()
    return _settle_money(kinds, report) or _go_on(outcome, report) or _settle_rest(kinds, report) or _show_clips(report)


def _settle_money(kinds: set[FailureKind], report: Report) -> list[str]:
    if FailureKind.UNPAID in kinds:
        return _lines("When the account has money again:", report, "run", *report.choice)
    if FailureKind.UNAUTHORIZED in kinds:
        return ["To check the keys:", f"    {command_line('doctor')}"]
    return []


def _go_on(outcome: Outcome, report: Report) -> list[str]:
    """What was left to the next run, or never begun."""
    if outcome.left_running and outcome.stop_reason in {DETACHED, INTERRUPTED}:
        return _lines("To follow the tasks, download their clips and go on:", report, "run", *report.choice)
    if outcome.stop_reason and outcome.stop_reason != DETACHED:
        return _lines("To go on from here:", report, "run", *report.choice)
    if outcome.left_running or any(map(is_unfetched, report.rows)):
        return _lines("To download what is paid for, without buying anything:", report, "fetch")
    return []


def _settle_rest(kinds: set[FailureKind], report: Report) -> list[str]:
    """What failed, was refused, left out or held."""
    if any(not FAILURE_POLICIES[kind].final for kind in kinds - _NO_RETRY):
        return _lines("To try again what failed:", report, "run", *report.choice)
    if hint := resubmit_hint(report):
        return hint[0].splitlines()
    if FailureKind.UNNAMED in kinds:
        return _lines("To give clips their names:", report, "run", *report.choice)
    return _settle_left_out(kinds, report)


def _settle_left_out(kinds: set[FailureKind], report: Report) -> list[str]:
    """What this run did not make and nothing went wrong with."""
    if FailureKind.HELD in kinds or any(row.reason is StepReason.HELD for row in report.rows):
        return _lines("To get the clips that other machines make, once they are done:", report, "run", *report.choice)
    if FailureKind.OVER_CAP in kinds:
        return _lines("To see what the caps leave out:", report, "plan", *report.choice)
    if any(row.action is Action.HOLD for row in report.rows):
        return _lines("To see what each take waits for:", report, "status")
    return _lines("To render what is left:", report, "run", *report.choice) if _is_left(report) else []


def _show_clips(report: Report) -> list[str]:
    """Nothing is left: a rehearsal leads to the price of the real one."""
    if report.world is World.REHEARSAL:
        line = command_line("plan", manifest=safe_text(report.manifest))
        return ["To see what it costs for real:", f"    {line}"]
    return _lines("To see the clips on a page:", report, "report")


def next_of_several(outcomes: Sequence[Outcome], reports: Sequence[Report]) -> list[str]:
    """The next command after several manifests: that of the first which is not done."""
    pairs = list(zip(outcomes, reports, strict=True))
    left = [pair for pair in pairs if pair[0].failed or pair[0].stop_reason or _is_left(pair[1])]
    return next_command_lines(*(left or pairs)[0])


def _is_left(report: Report) -> bool:
    return any(row.action is not Action.REUSE for row in report.rows)


def _lines(what: str, report: Report, command: str, *words: str) -> list[str]:
    line = command_line(command, *words, manifest=report.manifest, world=report.world)
    return [what, f"    {safe_text(line)}"]
