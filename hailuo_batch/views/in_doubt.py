"""Takes in doubt as text and as JSON: what is known of each, what to type, what a list says. Times are UTC."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from shlex import quote

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.in_doubt import Match, OpenAttempt, State, Verdict
from hailuo_batch.core.money import totals
from hailuo_batch.core.request.fingerprint import read_preimage
from hailuo_batch.views.format import amounts, clipped, count, length, on_one_line, safe
from hailuo_batch.views.json_report import money_members
from hailuo_batch.views.style import PLAIN, Ink

SHOWN = 20  # doubts on a terminal; JSON has them all
_PROMPT = 90  # letters
_REASON = '--reason "..."'  # kept in the ledger: a command that is copied asks for it by its dots
Typed = Mapping[int, str]  # attempt → what a person types for it

_MEANING = """\
--task        it is there: the next run brings its clip home
--never-sent  it is not there: nothing counts as spent, and the next run asks for it again
--write-off   nobody can say: its price counts as spent, and the next run buys it again"""


def draw_doubts(
    opened: Sequence[OpenAttempt], typed: Typed, *, listing: AbstractSet[str] = frozenset(), ink: Ink = PLAIN
) -> str:
    """Each doubt with what to type for it; `listing` are the providers that can be asked for their tasks."""
    doubts = [each for each in opened if each.state is State.DOUBT]
    blocks = [_heading(doubts, ink)]
    blocks += [_block(each, typed, ink) for each in doubts[:SHOWN]]
    if len(doubts) > SHOWN:
        blocks.append(ink.dim(f"… and {len(doubts) - SHOWN:,} more; --format json shows them all"))
    if doubts:
        blocks.append("\n".join(f"  {line}" for line in _MEANING.splitlines()))
    if able := sorted({each.provider for each in doubts} & listing):
        blocks.append(
            f"{safe(' and '.join(able))} can be asked for its own list of tasks:\n    hailuo-batch resolve --ask"
        )
    resent = [each for each in opened if each.state is State.RESENT]
    if resent:
        blocks.append(_resent(resent))
    return "\n\n".join(blocks)


def draw_settled(settled: Sequence[tuple[OpenAttempt, Verdict]], *, said: str = "", run: str = "") -> str:
    """What was written down, and what follows from it; `said` is a gateway's word, `run` the command to go on with."""
    lines = [_settled(each, verdict) for each, verdict in settled]
    if said:
        lines.insert(0, f"{on_one_line(said)}.")
    if run:
        lines.append(f"To go on:\n    {safe(run)}")
    return "\n".join(lines)


def draw_decision(chosen: Sequence[OpenAttempt], verdict: Verdict) -> str:
    """What a person is about to say of several attempts, and what it means."""
    lines = [f"  {_about(each)}" for each in chosen[:SHOWN]]
    if len(chosen) > SHOWN:
        lines.append(f"  … and {len(chosen) - SHOWN:,} more")
    them = "them" if len(chosen) > 1 else "it"
    if verdict is Verdict.WRITTEN_OFF:
        if any(each.state is State.RUNNING for each in chosen):
            lines.append("What runs would be given up with its clip. To bring it home instead:\n    hailuo-batch fetch")
        lines.append(f"Written off: {_sum(chosen)} counts as spent, and the next run buys {them} again.")
    else:
        lines.append(f"Never sent: nothing counts as spent, and the next run asks for {them} again.")
    return "\n".join(lines)


def draw_matches(matches: Sequence[Match], typed: Typed, ink: Ink = PLAIN) -> str:
    """What the lists of gateways say of each doubt, and what to type where they say something."""
    blocks = [_match(each, typed, ink) for each in matches[:SHOWN]]
    if len(matches) > SHOWN:
        blocks.append(ink.dim(f"… and {len(matches) - SHOWN:,} more; --format json shows them all"))
    if any(each.candidates for each in matches):
        blocks.append(
            "A list knows no prompts: a task that another project or person asked for at that time looks the same."
        )
    return "\n\n".join(blocks)


def open_members(each: OpenAttempt, typed: Typed) -> dict[str, object]:
    """An open attempt as plain data."""
    request = read_preimage(each.preimage)
    return {
        "name": typed.get(each.attempt, each.label),
        "attempt": each.attempt,
        "campaign": each.campaign,
        "shot": each.shot,
        "take": each.take,
        "state": str(each.state),
        "provider": each.provider,
        "task": each.task,
        "intended_at": _when(each.intended_at),
        "estimate": money_members(each.estimate),
        "why": each.why or None,
        "prompt": request.prompt,
        "duration": request.duration,
        "resolution": request.resolution,
        "manifest": each.manifest or None,
    }


def doubts_members(opened: Sequence[OpenAttempt], typed: Typed) -> dict[str, object]:
    """What is open as plain data: the doubts, and what the next run sends again by itself."""
    return {
        "version": 1,
        "doubts": [open_members(each, typed) for each in opened if each.state is State.DOUBT],
        "sent_again": [open_members(each, typed) for each in opened if each.state is State.RESENT],
    }


def settled_members(each: OpenAttempt, verdict: Verdict, stage: Stage, typed: Typed) -> dict[str, object]:
    """A settled attempt as plain data."""
    return {**open_members(each, typed), "verdict": str(verdict), "stage": str(stage)}


def match_members(found: Match, typed: Typed) -> dict[str, object]:
    """What a list says of a doubt, as plain data."""
    return {
        "doubt": open_members(found.doubt, typed),
        "candidates": [
            {"task": each.task, "status": each.status, "created_at": _when(each.created)} for each in found.candidates
        ],
        "match": found.candidates[0].task if found.sole else None,
        "nothing_found": found.nothing,
    }


def draw_unasked(unlisted: Sequence[str], failures: Sequence[tuple[str, Failure]], ink: Ink = PLAIN) -> str:
    """Which gateways have no list, and which did not give theirs."""
    lines = [f"{safe(name)} has no list of tasks: look in your account there." for name in unlisted]
    lines += [f"{ink.care(safe(name))} did not give its list: {on_one_line(failure.why)}" for name, failure in failures]
    return "\n".join(lines)


def _heading(doubts: Sequence[OpenAttempt], ink: Ink) -> str:
    if not doubts:
        return f"{ink.good('Nothing is in doubt')}."
    return f"{ink.bad(count(len(doubts), 'take') + ' in doubt')}, {_sum(doubts)} at stake"


def _block(each: OpenAttempt, typed: Typed, ink: Ink) -> str:
    provider = safe(each.provider)
    request = read_preimage(each.preimage)
    line = f"      hailuo-batch resolve {safe(typed[each.attempt])}"
    return "\n".join(
        (
            f"{ink.bold(safe(each.label))} · {safe(each.campaign)} · {provider} · {_price(each)}",
            f'  "{clipped(request.prompt, _PROMPT)}", {length(request.duration)} {safe(request.resolution)}',
            f"  Asked for at {_plain_time(each.intended_at)}: {on_one_line(each.why).removesuffix('.')}.",
            f"  {provider} may be making it and may charge for it. It is not sent again by itself.",
            f"  Look in your {provider} account, then run one of:",
            f"{line} --task TASK_ID {_REASON}",
            f"{line} --never-sent {_REASON}",
            f"{line} --write-off {_REASON}",
        )
    )


def _resent(resent: Sequence[OpenAttempt]) -> str:
    """What needs nobody: the provider takes one key once."""
    names = ", ".join(safe(each.label) for each in resent[:SHOWN])
    return f"Without an answer, and sent again by the next run under the same key, which buys nothing twice: {names}"


def _about(each: OpenAttempt) -> str:
    task = f" · {_task(each)}" if each.state is State.RUNNING else ""
    return f"{safe(each.label)} · {safe(each.campaign)} · {safe(each.provider)} · {_price(each)}{task}"


def _task(each: OpenAttempt) -> str:
    """The task of an attempt, and who says that it is there."""
    told = "its id was given by hand" if each.by_hand else "made" if each.stage is Stage.PRODUCED else "running"
    return f"task {safe(each.task or '?')}, {told}"


def _settled(each: OpenAttempt, verdict: Verdict) -> str:
    name = safe(each.label)
    if verdict is Verdict.FOUND:
        return f"{name} is that task at {safe(each.provider)}; the next run brings its clip home."
    if verdict is Verdict.NEVER_SENT:
        return f"{name} was never sent: nothing counts as spent, and the next run asks for it again."
    return f"{name} is written off: {_price(each)} counts as spent, and the next run buys it again."


def _match(found: Match, typed: Typed, ink: Ink) -> str:
    doubt, name = found.doubt, safe(typed[found.doubt.attempt])
    head = f"{ink.bold(safe(doubt.label))} · {safe(doubt.campaign)}, asked for at {_plain_time(doubt.intended_at)}: "
    if found.sole:
        [task] = found.candidates
        words = f"{safe(doubt.provider)}'s list has one task that fits ({_state(task.status, task.created)})."
        return (
            f"{head}{ink.good('a match')}\n  {words}\n"
            f"      hailuo-batch resolve {name} --task {quote(safe(task.task))} {_REASON}"
        )
    if found.candidates:
        lines = [f"  {safe(each.task)}  {_state(each.status, each.created)}" for each in found.candidates[:SHOWN]]
        what = count(len(found.candidates), "task") + " may be it, or another's"
        line = f"      hailuo-batch resolve {name} --task TASK_ID {_REASON}"
        return "\n".join((f"{head}{ink.care(what)}", *lines, line))
    if found.nothing:
        words = "The whole list has no task of that time, which suggests that it was not accepted:"
        return f"{head}nothing found\n  {words}\n      hailuo-batch resolve {name} --never-sent {_REASON}"
    return f"{head}nothing found\n  The list was not read to its end, so that says nothing. Look in the account."


def _state(status: str, created: float | None) -> str:
    at = "at a time that is not told" if created is None else _plain_time(created)
    return f"{on_one_line(status) or 'status not told'}, created {at}"


def _price(each: OpenAttempt) -> str:
    return str(each.estimate) if each.estimate is not None else "price not known"


def _sum(chosen: Sequence[OpenAttempt]) -> str:
    known = totals(each.estimate for each in chosen if each.estimate is not None)
    unknown = sum(each.estimate is None for each in chosen)
    if not unknown:
        return amounts(known)
    more = f"{count(unknown, 'price')} not known"
    return f"{amounts(known)} and {more}" if known else more


def _plain_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _when(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
