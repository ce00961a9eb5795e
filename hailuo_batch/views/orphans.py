"""Tasks of which no manifest is left, as text and as JSON: which are home, which are not, and what gives them names."""

from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.views.format import count, on_one_line, safe, safe_lines
from hailuo_batch.views.style import PLAIN, Ink

SHOWN = 60
Away = Sequence[tuple[AttemptRecord, Failure | None]]


def draw_strays(home: Sequence[AttemptRecord], away: Away, gone: Mapping[str, str], ink: Ink = PLAIN) -> str:
    """What came home without a name, then what did not; `gone` says by campaign which manifest is missed."""
    lines = []
    if home:
        came = f"{count(len(home), 'clip')} came home of which no manifest is left, without a readable name:"
        lines += [ink.care(came), *_rows((each, None) for each in home)]
        lines += _names(home, gone)
    if away:
        left = f"{count(len(away), 'task')} of which no manifest is left {'is' if len(away) == 1 else 'are'} not home:"
        lines += [ink.bad(left), *_rows(away)]
        lines += ["  The next fetch tries again. To give one up, which buys it again if it is ever asked for:"]
        first, _ = away[0]
        name = f"{safe(first.shot)}#{first.take}@{first.id}"
        lines += [f'    hailuo-batch resolve {name} --write-off --reason "..."']
    return "\n".join(lines)


def stray_members(home: Sequence[AttemptRecord], away: Away) -> list[dict[str, object]]:
    """The same as plain data."""
    return [*(_members(each, None, home=True) for each in home), *(_members(*each, home=False) for each in away)]


def _rows(strays: Iterable[tuple[AttemptRecord, Failure | None]]) -> list[str]:
    lines = []
    known = list(strays)
    for each, failure in known[:SHOWN]:
        why = f": {on_one_line(failure.why)}" if failure is not None else ""
        name = f"{safe(each.campaign)} {safe(each.shot)}#{each.take}"
        lines.append(f"  {name}  task {safe(each.task or '?')} at {safe(each.provider)}{why}")
        lines += [f"      {line}" for line in safe_lines(failure.remedy).splitlines()] if failure is not None else []
    return [*lines, f"  … and {len(known) - SHOWN:,} more"] if len(known) > SHOWN else lines


def _names(home: Sequence[AttemptRecord], gone: Mapping[str, str]) -> list[str]:
    """How clips without a name get one; no command, for what it would name is not there."""
    campaigns = dict.fromkeys(each.campaign for each in home)
    missed = [safe(gone[campaign]) for campaign in campaigns if campaign in gone]
    what = " and ".join(missed) if missed else "a manifest that asks for them"
    return [
        f"  They are in the store. Bring {what} back, and run it: they get their names, and nothing is bought for them."
    ]


def _members(each: AttemptRecord, failure: Failure | None, *, home: bool) -> dict[str, object]:
    return {
        "campaign": each.campaign,
        "shot": each.shot,
        "take": each.take,
        "provider": each.provider,
        "task": each.task,
        "home": home,
        "why": failure.why if failure is not None else None,
    }
