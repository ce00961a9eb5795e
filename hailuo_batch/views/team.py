"""Who shares a ledger, as text and as JSON."""

from collections.abc import Iterator, Sequence

from hailuo_batch.core.days import utc_time
from hailuo_batch.core.team import LeftBehind, Team, TeamCap, TeamMachine, TeamRun
from hailuo_batch.core.world import command_line
from hailuo_batch.views.format import count, format_duration, safe_text
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

_COLUMNS = (Column(fit=Fit.MIDDLE), Column(fit=Fit.MIDDLE), Column(fit=Fit.TEXT))


def draw_team(team: Team, style: TextStyle = PLAIN) -> str:
    """What runs now, what was left behind, the caps with their holders, and each machine."""
    lines = [*_section("Runs now", [_run_row(each, team.now) for each in team.runs], "Nobody works on it now.", style)]
    if team.left_behind:
        rows = [_left_row(each, team.now, style) for each in team.left_behind]
        lines += ["", *_section("Left behind", rows, "", style)]
    if team.caps:
        lines += ["", *_section("Caps", [row for each in team.caps for row in _cap_rows(each, style)], "", style)]
    rows = [_machine_row(each, team.now, style) for each in team.machines]
    lines += ["", *_section("Machines", rows, "No machine has written to it yet.", style)]
    if len(team.programs) > 1:
        lines += ["", style.warning(f"These machines have versions {', '.join(map(safe_text, team.programs))}.")]
    return "\n".join(lines)


def team_dict(team: Team) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "at": utc_time(team.now),
        "runs": [
            {
                **_who_dict(each),
                "process": each.process,
                "program": each.program,
                "command": each.command,
                "since": utc_time(each.since),
                "campaign": each.campaign or None,
                "takes": each.tasks,
            }
            for each in team.runs
        ],
        "left_behind": [
            {**_who_dict(each), "since": utc_time(each.since), "running": each.running, "in_doubt": each.doubts}
            for each in team.left_behind
        ],
        "caps": [
            {
                "campaign": each.campaign or None,
                "tag": each.tag or None,
                "since": utc_time(each.since) if each.since else None,
                "used": money_dict(each.used),
                "limits": [{"holder": holder, "limit": money_dict(limit)} for holder, limit in each.limits],
            }
            for each in team.caps
        ],
        "machines": [
            {**_who_dict(each), "program": each.program, "since": utc_time(each.since), "owes": each.owes}
            for each in team.machines
        ],
    }


def _section(title: str, rows: Sequence[Sequence[Cell]], empty: str, style: TextStyle) -> Iterator[str]:
    yield style.bold(title)
    if not rows:
        yield f"  {empty}"
    yield from draw_table(rows, _COLUMNS, width=style.width)


def _run_row(run: TeamRun, now: float) -> list[Cell]:
    doing = f"{safe_text(run.command)}, for {format_duration(max(0.0, now - run.since))}"
    takes = f", {count(run.tasks, 'take')} under way" if run.tasks else ""
    return [Cell(_who(run)), Cell(safe_text(run.campaign)), Cell(f"{doing}{takes} (process {run.process})")]


def _left_row(left: LeftBehind, now: float, style: TextStyle) -> list[Cell]:
    tasks = [f"{count(left.running, 'task')} that the next run follows"] if left.running else []
    doubts = [f"{count(left.doubts, 'take')} in doubt: see `{command_line('audit')}`"] if left.doubts else []
    ago = f"{format_duration(max(0.0, now - left.since))} ago"
    return [Cell(_who(left)), Cell(ago), Cell(", ".join((*tasks, *doubts)), style.warning if doubts else str)]


def _cap_rows(cap: TeamCap, style: TextStyle) -> Iterator[list[Cell]]:
    covers = cap.campaign or "every campaign"
    covers += f", {cap.tag}" if cap.tag else ""
    covers += f" since {utc_time(cap.since)[:10]}" if cap.since else ""
    if not cap.limits:
        limit = "" if cap.allowed is None else f" of {cap.allowed}"
        yield [Cell(safe_text(covers)), Cell(f"{cap.used}{limit}"), Cell("nobody buys under it now")]
    for holder, most in cap.limits:
        is_full = cap.used.amount >= most.amount
        used = f"{cap.used} of {most}"
        yield [Cell(safe_text(covers)), Cell(used, style.warning if is_full else str), Cell(safe_text(holder))]


def _machine_row(machine: TeamMachine, now: float, style: TextStyle) -> list[Cell]:
    seen = f"{safe_text(machine.program)}, {format_duration(max(0.0, now - machine.since))} ago"
    if machine.owes:
        owed = f"owes {count(machine.owes, 'clip')}: `{command_line('push')}` there; {safe_text(machine.place)}"
        return [Cell(_who(machine)), Cell(seen), Cell(owed, style.warning)]
    return [Cell(_who(machine)), Cell(seen), Cell(safe_text(machine.place))]


def _who(each: TeamRun | LeftBehind | TeamMachine) -> str:
    return safe_text(f"{each.person} on {each.host}")


def _who_dict(each: TeamRun | LeftBehind | TeamMachine) -> dict[str, object]:
    return {"host": each.host, "person": each.person, "place": each.place}
