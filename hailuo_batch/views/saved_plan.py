"""A saved plan, and an approval of one, for people: an approver sees here what they agree to."""

from collections.abc import Iterator, Sequence

from hailuo_batch.core.plan.approval import Approval, ApprovalRule, Person
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.saved_plan import PlanTotals, SavedPlan, Tree, parse_money, step_label
from hailuo_batch.views.changes import change_text, short_digest
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import count, safe_text, shot_length, single_line
from hailuo_batch.views.plan_lines import ACTION_MARKS
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

_HASH_LENGTH = 23  # characters: enough to compare two by eye
_MAX_STEPS = 60  # lines of takes; the file has them all
_PROMPT_WIDTH = 300  # cells of a prompt, which is below its take
_COLUMNS = (
    Column(gap=1),
    Column(fit=Fit.MIDDLE),
    Column(),
    Column(fit=Fit.WRAP, least=16),
    Column(fit=Fit.WRAP, least=16),
)


def draw_saved_plan(plan: SavedPlan, *, file: str, command: str, rule: ApprovalRule | None, approve: str) -> str:
    """Where a plan was saved, what it buys, and how it is carried out; `rule` is one that asks for an approval."""
    lines = [f"Saved as {safe_text(file)}, {plan.hash[:_HASH_LENGTH]}: {_draw_totals(plan.totals)}."]
    if rule is None:
        return "\n".join([*lines, "To carry out exactly this:", f"    {command}"])
    people = f" May approve: {safe_text(', '.join(rule.by))}." if rule.by else ""
    lines += [
        f"{rule.amount_sentence}{people}",
        f"Commit the plan. To approve it{', as another person' if rule.two_persons else ''}:",
        f"    {approve}",
        "Then, to carry out exactly this:",
        f"    {command}",
    ]
    return "\n".join(lines)


def draw_approval_need(rule: ApprovalRule, *, command: str) -> str:
    """What a plan ends with where a run of it would be refused: it has to be saved first."""
    return f"{rule.amount_sentence} To save the plan for one:\n    {safe_text(command)}"


def draw_plan_file(plan: SavedPlan, style: TextStyle = PLAIN) -> str:
    """What a saved plan buys, take by take, with the prompts, and who saved it."""
    lines: list[str] = []
    for part in plan.parts:
        lines += [f"{style.bold(safe_text(part.tree['campaign']))} · {safe_text(part.tree['manifest'])}", ""]
        lines += [*_draw_steps(part.steps, style), ""]
    author = plan.author
    person = Person(name=author["name"], email=author["email"])
    who = safe_text(f"{person} on {author['at'][:10]}")
    return "\n".join([*lines, f"Plan {plan.hash[:_HASH_LENGTH]}, saved by {who}: {_draw_totals(plan.totals)}."])


def draw_approval(approval: Approval, *, file: str, command: str, faults: Sequence[str]) -> str:
    """Who approved, and what comes next; `faults` say why the approval does not count."""
    signed = ", signed" if approval.signature else ""
    lines = [f"Approved by {safe_text(str(approval.by))}{signed}."]
    if faults:
        lines += [f"The approval does not count here: {safe_text(each)}." for each in faults]
        return "\n".join([*lines, f"It was written to {safe_text(file)}."])
    lines += [f"Written to {safe_text(file)}; commit it with the plan. To carry it out:", f"    {command}"]
    return "\n".join(lines)


def _draw_steps(steps: Sequence[Tree], style: TextStyle) -> Iterator[str]:
    cells = [line for step in steps[:_MAX_STEPS] for line in _step_cells(step, style)]
    yield from draw_table(cells, _COLUMNS, width=style.width)
    if len(steps) > _MAX_STEPS:
        yield f"  … and {count(len(steps) - _MAX_STEPS, 'more step')}; the file has them all."


def _step_cells(step: Tree, style: TextStyle) -> Iterator[tuple[Cell, ...]]:
    request = step["request"]
    yield (
        Cell(ACTION_MARKS[Action(step["action"])], style.good if step["buys"] else style.warning),
        Cell(safe_text(step_label(step))),
        Cell(single_line(f"{_length(request['duration'])} {request['resolution']}")),
        Cell(single_line(_reason_text(step))),
        Cell(safe_text(_step_cost(step)), style.dim),
    )
    yield Cell(""), Cell(""), Cell(cut_end(single_line(request["prompt"]), _PROMPT_WIDTH), style.dim)
    for frame in step["frames"]:
        yield Cell(""), Cell(""), Cell(single_line(_frame_text(frame)), style.dim)


def _reason_text(step: Tree) -> str:
    """Why it is there, with the old and the new values."""
    changes = [_change_text(each) for each in step.get("changes", ())]
    if step["why"] != StepReason.CHANGED:
        return "; ".join([step["why"], *changes])
    return "; ".join(changes) or f"{step['why']}; what it was is not known where the plan was saved"


def _change_text(tree: Tree) -> str:
    if tree["field"] == "duration":
        return f"duration {_length(tree['before'])} → {_length(tree['now'])}"
    return change_text(
        Member(
            name=tree["field"],
            before=tree["before"],
            now=tree["now"],
            changed=True,
            label=tree.get("name", ""),
            label_before=tree.get("name_before", ""),
        )
    )


def _frame_text(frame: Tree) -> str:
    """Which image a clip starts or ends with."""
    if "shot" in frame:
        return f"{frame['end']} frame: the {frame['frame']} of {frame['shot']}"
    digest = f" ({short_digest(frame['digest'])})" if "digest" in frame else ""
    return f"{frame['end']} frame: {frame.get('file') or frame.get('url')}{digest}"


def _length(duration: object) -> str:
    """A length as people read it; the file may come from anybody, and have any text."""
    if isinstance(duration, int) or (isinstance(duration, str) and duration.removesuffix("ms").isdecimal()):
        return shot_length(duration)
    return str(duration)


def _step_cost(step: Tree) -> str:
    if "left_out" in step:
        return "left out under a cap"
    if not step["buys"]:
        return f"same clip as {step['bought_for']}" if "bought_for" in step else "not bought"
    for first in step["routes"]:
        return (
            "free" if first.get("free") else f"{first['provider']} {parse_money(first['price']) or 'price not known'}"
        )
    return "nobody sells it"


def _draw_totals(totals: PlanTotals) -> str:
    if not totals.clips:
        return "nothing to buy"
    sums = [str(each) for each in totals.cost] + (
        [f"{totals.unpriced:,} at an unknown price"] if totals.unpriced else []
    )
    clips = f"{totals.clips:,} clip{'s' * (totals.clips != 1)} for {' and '.join(sums) or 'free'}"
    if totals.most != totals.cost:
        clips += f", at most {' and '.join(map(str, totals.most))}"
    if totals.unpriced_fallbacks:
        clips += f"; {totals.unpriced_fallbacks:,} at an unknown price if the first provider does not accept"
    return clips
