"""Problems and errors as text: what, where, why, and what to do."""

import re
from collections.abc import Iterable, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.signatures import mask_signatures
from hailuo_batch.errors import HailuoError
from hailuo_batch.views.fit import cut_end, cut_start, measure_text
from hailuo_batch.views.format import count, safe_lines, safe_text, visible_text
from hailuo_batch.views.style import PLAIN, TextStyle

_MAX_WIDTH = 101
MORE_RULES = {rules.MORE, rules.YAML_MORE}  # no problems: how many more there are


def draw_problems(problems: Sequence[Problem], style: TextStyle = PLAIN) -> str:
    """Every problem with its line of the file and a caret, then how many there are."""
    blocks = [_problem_block(problem, style) for problem in problems]
    shown = [problem for problem in problems if problem.rule not in MORE_RULES]
    errors = sum(problem.count for problem in shown if problem.severity is Severity.ERROR)
    warnings = sum(problem.count for problem in shown) - errors
    parts = [count(errors, "problem")] * bool(errors) + [count(warnings, "warning")] * bool(warnings)
    unshown = sum(_hidden_count(problem) for problem in problems if problem.rule in MORE_RULES)
    more = f" shown, {unshown:,} more not shown" if unshown else ""
    return "\n\n".join((*blocks, f"{' and '.join(parts)}{more}."))


def _hidden_count(problem: Problem) -> int:
    """How many problems a line of the reader's own stands for; it begins with the number."""
    return int(re.match(r"[\d,]*", problem.why)[0].replace(",", "") or 0)  # type: ignore[index] # it matches anything


def draw_error(error: HailuoError, style: TextStyle = PLAIN) -> str:
    """An error that ends a command; commands to copy stand alone, indented."""
    lines = [f"{style.bad('error:')} {safe_lines(error.summary)}"]
    lines += [f"  {line}" for line in safe_lines(error.why).splitlines()]
    lines += [f"  {line}" for line in safe_lines(error.remedy).splitlines()]
    return "\n".join(lines)


def problem_dict(problem: Problem) -> dict[str, object]:
    """A problem as plain data for JSON."""
    place = problem.place
    return {
        "code": problem.rule.id,
        "shot": problem.shot or None,
        "severity": str(problem.severity),
        "summary": problem.summary,
        "why": problem.why,
        "remedy": problem.remedy,
        "path": list(problem.path),
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "included_by": list(place.included_by) if place else [],
        "count": problem.count,
    }


def github_annotations(problems: Iterable[Problem]) -> list[str]:
    """The same for GitHub's runners, which draw them beside the line in a pull request."""
    lines = []
    for problem in problems:
        place = problem.place
        where = f"file={_escape_property(place.file)},line={place.line},col={place.column}," if place else ""
        title = _escape_property(f"{problem.summary} [{problem.rule.id}]")
        lines.append(f"::{problem.severity} {where}title={title}::{_escape_annotation(problem_words(problem))}")
    return lines


def problem_words(problem: Problem, *, with_chain: bool = True) -> str:
    """How, what to do and how often, and which shot: what stands alone, without the line of the file."""
    name = quote_text(problem.shot)
    shot = f"shot {name}: " if problem.shot and name not in problem.why else ""
    chain = _chain_text(problem) if with_chain else ""
    return safe_lines(f"{shot}{problem.why} {problem.remedy}{chain}{_places_text(problem)}".strip())


def _escape_annotation(words: str) -> str:
    """As GitHub's runner reads it (actions/toolkit, packages/core/src/command.ts): the rest of a line."""
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(words: str) -> str:
    """The same between commas, where colons and commas mean something too."""
    return _escape_annotation(safe_text(words)).replace(":", "%3A").replace(",", "%2C")


def _problem_block(problem: Problem, style: TextStyle) -> str:
    place = problem.place
    where = f"{safe_text(place.file)}:{place.line}:{place.column}: " if place else ""
    colour = style.bad if problem.severity is Severity.ERROR else style.warning
    mark = "" if problem.severity is Severity.ERROR else "warning: "
    head = f"{where}{mark}{colour(problem.summary)} [{problem.rule.id}]{_chain_text(problem)}"
    words = problem_words(problem, with_chain=False)
    if place is None or not place.text.strip():
        return "\n".join((head, *(f"    {line}" for line in words.splitlines())))
    room = min(_MAX_WIDTH, style.width - 4) if style.width else _MAX_WIDTH
    start, indent = _excerpt(place.text, place.column, room)
    first, *rest = words.splitlines() or [""]
    shown = (f"    {start}", f"    {indent}^ {first}".rstrip(), *(f"    {indent}  {line}" for line in rest))
    return "\n".join((head, *shown))


def _chain_text(problem: Problem) -> str:
    """Who includes the file of a problem."""
    chain = problem.place.included_by if problem.place is not None else ()
    return f" ({', '.join(f'included by {safe_text(each)}' for each in chain)})" if chain else ""


def _places_text(problem: Problem) -> str:
    """How often it comes, and where it comes next."""
    if problem.count == 1:
        return ""
    lines = ", ".join(f"{line:,}" for line in problem.more_lines)
    if not lines and problem.path[:1] == ("shots",):  # of one matrix
        return f"\nThe same in {problem.count:,} shots."
    return f"\nThe same in {problem.count:,} places" + (f"; next in lines {lines}." if lines else ".")


def _excerpt(text: str, column: int, room: int) -> tuple[str, str]:
    """The line without its indent, cut around the place, and the blanks that lead to the place below it."""
    line = visible_text(mask_signatures(text.rstrip("\r\n")))
    left = len(line) - len(line.lstrip())
    before, after = line[left : max(column - 1, left)], line[max(column - 1, left) :]
    if measure_text(before) + measure_text(after) > room:
        before = cut_start(before, max(room - measure_text(after), room * 2 // 5))
        after = cut_end(after, room - measure_text(before))
    blanks = "\t".join(" " * measure_text(part) for part in before.split("\t"))
    return before + after, blanks + " " * (column - 1 - max(len(line), left))
