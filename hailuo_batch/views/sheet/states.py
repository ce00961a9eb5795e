"""How a shot and a take stand, in words and colours."""

from collections.abc import Iterable, Sequence

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.judgement import ShotState, Verdict
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.sheet.values import State, StateCount, Tone

BAR = 1000.0  # units of the bar of states
SHOT_STATES = {
    ShotState.TODO: State(key="todo", words="To do", tone=Tone.QUIET),
    ShotState.WIP: State(key="wip", words="In progress", tone=Tone.BUSY),
    ShotState.WFA: State(key="wfa", words="To approve", tone=Tone.OPEN),
    ShotState.RETAKE: State(key="retake", words="Retake", tone=Tone.BAD),
    ShotState.DONE: State(key="done", words="Approved", tone=Tone.GOOD),
    ShotState.OMITTED: State(key="omitted", words="Omitted", tone=Tone.QUIET),
}
_VERDICTS = {
    Verdict.APPROVED: State(key="approved", words="Approved", tone=Tone.GOOD),
    Verdict.REJECTED: State(key="rejected", words="Rejected", tone=Tone.BAD),
}
_ACTIONS = {
    Action.SUBMIT: State(key="to-render", words="Not rendered yet", tone=Tone.QUIET),
    Action.RESUME: State(key="rendering", words="Rendering", tone=Tone.BUSY),
    Action.FETCH: State(key="to-download", words="Rendered, to download", tone=Tone.BUSY),
    Action.WAIT: State(key="waiting", words="Waits for a frame", tone=Tone.QUIET),
    Action.HOLD: State(key="held", words="On hold", tone=Tone.CARE),
}
_IN_DOUBT = State(key="in-doubt", words="In doubt", tone=Tone.CARE)
_MADE_ELSEWHERE = State(key="rendering", words="Rendering on another machine", tone=Tone.BUSY)
_FAILED = State(key="failed", words="Failed", tone=Tone.BAD)
_REFUSED = State(key="refused", words="Refused", tone=Tone.BAD)
_LEFT_OUT = State(key="left-out", words="Left out by a cap", tone=Tone.CARE)
_REASONS = {
    StepReason.FAILED: _FAILED,
    StepReason.REFUSED: _REFUSED,
    StepReason.REFUSED_ELSEWHERE: _REFUSED,
    StepReason.HELD: _MADE_ELSEWHERE,
    StepReason.IN_DOUBT: _IN_DOUBT,
    StepReason.DOUBT_ELSEWHERE: _IN_DOUBT,
}
_UNDER_WAY = frozenset({Action.RESUME, Action.FETCH})


def take_state(row: TakeRow) -> State | None:
    """How a take stands; None: its clip is there, and nobody judged it."""
    if row.action is Action.REUSE:
        return _VERDICTS[row.verdict] if row.verdict is not None else None
    if row.is_left_out:
        return _LEFT_OUT
    found = _REASONS.get(row.reason) if row.reason is not None else None
    return found or (_IN_DOUBT if row.is_in_doubt else _FAILED if row.stage is Stage.FAILED else _ACTIONS[row.action])


def shot_state(report: Report, shot: str, rows: Sequence[TakeRow]) -> State:
    """How a shot stands, as the report says; a report that says nothing of shots has it from their takes."""
    return SHOT_STATES[report.states.get(shot) or _state_of_takes(rows)]


def _state_of_takes(rows: Sequence[TakeRow]) -> ShotState:
    if any(row.action in _UNDER_WAY or row.is_in_doubt for row in rows):
        return ShotState.WIP
    return ShotState.WFA if any(row.action is Action.REUSE for row in rows) else ShotState.TODO


def count_states(states: Iterable[State]) -> tuple[StateCount, ...]:
    """How many shots are in each state, in the order of the work, each with its part of the bar."""
    found = list(states)
    counts, at = [], 0.0
    for state in SHOT_STATES.values():
        if number := found.count(state):
            width = BAR * number / len(found)
            counts.append(StateCount(state=state, shots=number, x=round(at, 1), width=round(width, 1)))
            at += width
    return tuple(counts)
