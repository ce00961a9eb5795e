"""Takes in doubt as text and as JSON: what is known of each, what to type, what a list says. Times are UTC."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from shlex import quote
from types import MappingProxyType

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.in_doubt import DoubtState, OpenAttempt, TaskMatch, Verdict
from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import count, join_amounts, safe_text, shot_length, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

MAX_ROWS = 20  # doubts on a terminal; JSON has them all
_PROMPT_WIDTH = 60  # cells: enough to know it by
_REASON_OPTION = '--reason "..."'  # kept in the ledger: a command that is copied asks for it by its dots
TakeNames = Mapping[int, str]  # attempt → what a person types for it
ResolveCommands = Mapping[int, str]  # attempt → the command that settles it, without the verdict

_OPTIONS_HELP = """\
--task        accepted: the next run downloads its clip
--never-sent  not accepted: nothing is charged, and the next run submits it again
--write-off   unknown: count it as spent and buy again"""


def draw_in_doubt(
    open_attempts: Sequence[OpenAttempt],
    commands: ResolveCommands,
    *,
    listable: AbstractSet[str] = frozenset(),
    manifest: str = "",
    mock_tasks: str = "",
    style: TextStyle = PLAIN,
) -> str:
    """Each take in doubt with its commands; `listable` are the providers that list their tasks.

    `manifest` is the one that the user named, if any. `mock_tasks` is the file of a rehearsal's mock.
    """
    doubts = [each for each in open_attempts if each.state is DoubtState.IN_DOUBT]
    blocks = [_heading_line(doubts, style)]
    if doubts:
        blocks.append("\n".join(_doubt_table(doubts[:MAX_ROWS], style)))
    blocks += [_attempt_block(each, commands, mock_tasks, style) for each in doubts[:MAX_ROWS]]
    if len(doubts) > MAX_ROWS:
        blocks.append(style.dim(f"… and {len(doubts) - MAX_ROWS:,} more; --format json shows them all"))
    if doubts:
        blocks.append("\n".join(f"  {line}" for line in _OPTIONS_HELP.splitlines()))
    if able := sorted({each.provider for each in doubts} & listable):
        world = World.REHEARSAL if mock_tasks else World.REAL
        line = safe_text(command_line("resolve", "--ask", manifest=manifest, world=world))
        whose = "the rehearsal" if mock_tasks else "your account"
        blocks.append(f"{safe_text(' and '.join(able))} can list the tasks of {whose}:\n    {line}")
    resent = [each for each in open_attempts if each.state is DoubtState.WILL_RESEND]
    if resent:
        blocks.append(_resend_note(resent))
    return "\n\n".join(blocks)


def draw_verdicts(
    verdicts: Sequence[tuple[OpenAttempt, Verdict]],
    *,
    tasks: Mapping[int, str] = MappingProxyType({}),
    provider_message: str = "",
    run_command: str = "",
) -> str:
    """What was written down, and what follows from it; `provider_message` is a gateway's word, `run_command` the
    command to go on with. `tasks` are the ids of those that were found, by attempt.
    """
    lines = [_verdict_line(each, verdict, tasks.get(each.attempt, "")) for each, verdict in verdicts]
    if provider_message:
        lines.insert(0, f"{single_line(provider_message)}.")
    if run_command:
        lines.append(f"To continue:\n    {safe_text(run_command)}")
    return "\n".join(lines)


def draw_decision(
    chosen: Sequence[OpenAttempt], verdict: Verdict, *, manifest: str = "", world: World = World.REAL, width: int = 0
) -> str:
    """What a person is about to say of several attempts, and what it means."""
    rows = [_decision_cells(each) for each in chosen[:MAX_ROWS]]
    lines = [*draw_table(rows, (*_COLUMNS[:4], Column(fit=Fit.TEXT)), width=width)]
    if len(chosen) > MAX_ROWS:
        lines.append(f"  … and {len(chosen) - MAX_ROWS:,} more")
    them = "them" if len(chosen) > 1 else "it"
    if verdict is Verdict.WRITTEN_OFF:
        if any(each.state is DoubtState.RUNNING for each in chosen):
            line = safe_text(command_line("fetch", manifest=manifest, world=world))
            lines.append(f"A running task would be given up with its clip. To download it instead:\n    {line}")
        lines.append(f"Written off: {_total_price(chosen)} counts as spent, and the next run buys {them} again.")
    else:
        lines.append(f"Never sent: nothing is charged, and the next run submits {them} again.")
    return "\n".join(lines)


def draw_matches(matches: Sequence[TaskMatch], commands: ResolveCommands, style: TextStyle = PLAIN) -> str:
    """What the lists of gateways say of each doubt, and what to type where they say something."""
    blocks = [_match_block(each, commands, style) for each in matches[:MAX_ROWS]]
    if len(matches) > MAX_ROWS:
        blocks.append(style.dim(f"… and {len(matches) - MAX_ROWS:,} more; --format json shows them all"))
    if any(each.candidates for each in matches):
        blocks.append(
            "A list has no prompts: a task that another project or person submitted at that time looks the same."
        )
    return "\n\n".join(blocks)


def open_attempt_dict(each: OpenAttempt, names: TakeNames) -> dict[str, object]:
    """An open attempt as plain data."""
    request = parse_preimage(each.preimage)
    return {
        "name": names.get(each.attempt, each.label),
        "attempt": each.attempt,
        "campaign": each.campaign,
        "shot": each.shot,
        "take": each.take,
        "state": str(each.state),
        "provider": each.provider,
        "task": each.task,
        "intended_at": _timestamp(each.intended_at),
        "estimate": money_dict(each.estimate),
        "why": each.why or None,
        "prompt": request.prompt,
        "duration": request.duration,
        "resolution": request.resolution,
        "manifest": each.manifest or None,
    }


def in_doubt_dict(open_attempts: Sequence[OpenAttempt], names: TakeNames) -> dict[str, object]:
    """What is open as plain data: the doubts, and what the next run sends again by itself."""
    return {
        "version": 1,
        "doubts": [open_attempt_dict(each, names) for each in open_attempts if each.state is DoubtState.IN_DOUBT],
        "sent_again": [
            open_attempt_dict(each, names) for each in open_attempts if each.state is DoubtState.WILL_RESEND
        ],
    }


def verdict_dict(each: OpenAttempt, verdict: Verdict, stage: Stage, names: TakeNames) -> dict[str, object]:
    """A settled attempt as plain data."""
    return {**open_attempt_dict(each, names), "verdict": str(verdict), "stage": str(stage)}


def match_dict(match: TaskMatch, names: TakeNames) -> dict[str, object]:
    """What a list says of a doubt, as plain data."""
    return {
        "doubt": open_attempt_dict(match.attempt, names),
        "candidates": [
            {"task": each.task, "status": each.status, "created_at": _timestamp(each.created)}
            for each in match.candidates
        ],
        "match": match.candidates[0].task if match.is_unique else None,
        "nothing_found": match.has_no_task,
    }


def draw_missing_lists(
    providers_without_list: Sequence[str], failures: Sequence[tuple[str, Failure]], style: TextStyle = PLAIN
) -> str:
    """Which gateways have no list, and which did not give theirs."""
    lines = [f"{safe_text(name)} has no list of tasks: check your account there." for name in providers_without_list]
    lines += [
        f"{style.warning(safe_text(name))} did not give its list: {single_line(failure.why)}"
        for name, failure in failures
    ]
    return "\n".join(lines)


def _heading_line(doubts: Sequence[OpenAttempt], style: TextStyle) -> str:
    if not doubts:
        return f"{style.good('Nothing is in doubt')}."
    return f"{style.bad(count(len(doubts), 'take') + ' in doubt')}, {_total_price(doubts)} at stake"


_COLUMNS = (
    Column(fit=Fit.MIDDLE),
    Column(fit=Fit.MIDDLE, least=8),
    Column(fit=Fit.MIDDLE, least=8),
    Column(fit=Fit.WRAP, right=True, least=9),
    Column(fit=Fit.WRAP, least=10),
    Column(fit=Fit.WRAP, least=6),
    Column(fit=Fit.WRAP),
)


def _doubt_table(doubts: Sequence[OpenAttempt], style: TextStyle) -> Iterator[str]:
    """What is at stake, take by take."""
    several = len({each.campaign for each in doubts}) > 1
    head = ("take", "campaign" * several, "provider", "estimate", "submitted, UTC", "length", "prompt")
    rows = [tuple(Cell(words, style.dim) for words in head)]
    rows += [_doubt_cells(each, style, several=several) for each in doubts]
    return draw_table(rows, _COLUMNS, width=style.width)


def _doubt_cells(each: OpenAttempt, style: TextStyle, *, several: bool) -> tuple[Cell, ...]:
    request = parse_preimage(each.preimage)
    return (
        Cell(safe_text(each.label), style.bold),
        Cell(safe_text(each.campaign) * several),
        Cell(safe_text(each.provider)),
        Cell(str(each.estimate) if each.estimate is not None else "unknown"),
        Cell(_utc_time(each.intended_at).removesuffix(" UTC")),
        Cell(f"{shot_length(request.duration)} {safe_text(request.resolution)}"),
        Cell(cut_end(single_line(request.prompt), _PROMPT_WIDTH)),
    )


def _attempt_block(each: OpenAttempt, commands: ResolveCommands, mock_tasks: str, style: TextStyle) -> str:
    provider = safe_text(each.provider)
    place = f"Find its prompt in {safe_text(mock_tasks)}" if mock_tasks else f"Check your {provider} account"
    line = f"      {safe_text(commands[each.attempt])}"
    return "\n".join(
        (
            f"{style.bold(safe_text(each.label))}: {single_line(each.why).removesuffix('.')}.",
            f"  {provider} may be rendering it and may charge for it. It is not submitted again automatically.",
            f"  {place}, then run one of:",
            f"{line} --task TASK_ID {_REASON_OPTION}",
            f"{line} --never-sent {_REASON_OPTION}",
            f"{line} --write-off {_REASON_OPTION}",
        )
    )


def _resend_note(resent: Sequence[OpenAttempt]) -> str:
    """What needs nobody: the provider takes one key once."""
    names = ", ".join(safe_text(each.label) for each in resent[:MAX_ROWS])
    return f"No answer came; the next run resends these under the same idempotency key, which is free: {names}"


def _decision_cells(each: OpenAttempt) -> tuple[Cell, ...]:
    names = (each.label, each.campaign, each.provider)
    task = _task_text(each) if each.state is DoubtState.RUNNING else ""
    return (*(Cell(safe_text(name)) for name in names), Cell(_price(each)), Cell(task))


def _task_text(each: OpenAttempt) -> str:
    """The task of an attempt, and who says that it is there."""
    status = (
        "its id was given by hand"
        if each.has_manual_task
        else "rendered"
        if each.stage is Stage.PRODUCED
        else "running"
    )
    return f"task {safe_text(each.task or '?')}, {status}"


def _verdict_line(each: OpenAttempt, verdict: Verdict, task: str) -> str:
    name = safe_text(each.label)
    if verdict is Verdict.FOUND:
        which = f"task {safe_text(task)}" if task else "that task"
        return f"{name} is {which} at {safe_text(each.provider)}; the next run downloads its clip."
    if verdict is Verdict.NEVER_SENT:
        return f"{name} was never sent: nothing is charged, and the next run submits it again."
    return f"{name} is written off: {_price(each)} counts as spent, and the next run buys it again."


def _match_block(match: TaskMatch, commands: ResolveCommands, style: TextStyle) -> str:
    doubt, command = match.attempt, f"      {safe_text(commands[match.attempt.attempt])}"
    whose = f"{style.bold(safe_text(doubt.label))} · {safe_text(doubt.campaign)}"
    head = f"{whose}, submitted at {_utc_time(doubt.intended_at)}: "
    if match.is_unique:
        [task] = match.candidates
        status = _task_status_text(task.status, task.created)
        words = f"{safe_text(doubt.provider)}'s list has one task that fits ({status})."
        return (
            f"{head}{style.good('a match')}\n  {words}\n{command} --task {quote(safe_text(task.task))} {_REASON_OPTION}"
        )
    if match.candidates:
        rows = [
            (Cell(safe_text(each.task)), Cell(_task_status_text(each.status, each.created)))
            for each in match.candidates[:MAX_ROWS]
        ]
        lines = [*draw_table(rows, (Column(), Column(fit=Fit.TEXT)), width=style.width)]
        what = count(len(match.candidates), "task") + " match; some may belong to another take"
        line = f"{command} --task TASK_ID {_REASON_OPTION}"
        return "\n".join((f"{head}{style.warning(what)}", *lines, line))
    if match.has_no_task:
        words = "The list has no task of that time, which suggests that it was not accepted:"
        return f"{head}nothing found\n  {words}\n{command} --never-sent {_REASON_OPTION}"
    return f"{head}nothing found\n  The list was not read to its end, so the task may still exist. Check the account."


def _task_status_text(status: str, created: float | None) -> str:
    at = "at an unknown time" if created is None else _utc_time(created)
    return f"{single_line(status) or 'status not reported'}, created {at}"


def _price(each: OpenAttempt) -> str:
    return str(each.estimate) if each.estimate is not None else "price not known"


def _total_price(chosen: Sequence[OpenAttempt]) -> str:
    known = sum_by_currency(each.estimate for each in chosen if each.estimate is not None)
    unknown = sum(each.estimate is None for each in chosen)
    if not unknown:
        return join_amounts(known)
    more = f"{count(unknown, 'price')} not known"
    return f"{join_amounts(known)} and {more}" if known else more


def _utc_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _timestamp(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
