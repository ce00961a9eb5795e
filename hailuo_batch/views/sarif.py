"""Problems as a SARIF 2.1.0 log, which code hosts show beside the lines: one run, whatever the number of manifests.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, read 2026-11-26. Paths are those of the repository.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePath, PurePosixPath
from typing import Any
from urllib.parse import quote

from hailuo_batch.core.pages import page
from hailuo_batch.core.problem import Place, Problem, Rule
from hailuo_batch.core.rules import RULES
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.problems import MORE_RULES, problem_words

MAX_RESULTS = 5_000  # of one run: code hosts show no more
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"  # what code hosts take for the repository's first folder


def sarif_log(problems: Sequence[Problem], *, version: str) -> dict[str, Any]:
    """The log as plain data; of more problems than it may have, the last are counted in a notification."""
    found = [problem for problem in problems if problem.rule not in MORE_RULES]
    shown = found[:MAX_RESULTS]
    notes = [problem.why for problem in problems if problem.rule in MORE_RULES]
    if left := len(found) - len(shown):
        notes.append(f"{left:,} more problems are not in this log; mend these first.")
    broken = {problem.rule.id for problem in shown}
    rules = [rule for rule in RULES if rule.id in broken]  # and not the words of one of their cases
    index = {rule.id: place for place, rule in enumerate(rules)}
    invocation = {
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": safe_text(note)}} for note in notes],
    }
    driver = {
        "name": "hailuo-batch",
        "version": version,
        "informationUri": "https://github.com/hailuo-batch/hailuo-batch",
        "rules": [_describe_rule(rule) for rule in rules],
    }
    results = [_make_result(problem, index[problem.rule.id]) for problem in shown]
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _describe_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.meaning},
        "help": {"text": rule.remedy},
        "helpUri": page("problems"),
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {"tags": [str(rule.area)]},
    }


def _make_result(problem: Problem, index: int) -> dict[str, Any]:
    shot = safe_text(problem.shot)
    logical = {"logicalLocations": [{"name": shot, "fullyQualifiedName": f"shots/{shot}", "kind": "object"}]}
    place = problem.place
    location = {**(_describe_place(place, place.line, place.column) if place else {}), **(logical if shot else {})}
    return {
        "ruleId": problem.rule.id,
        "ruleIndex": index,
        "level": str(problem.severity),
        "message": {"text": f"{problem.summary}: {problem_words(problem)}"},
        "locations": [location] if location else [],
        "relatedLocations": _related_places(problem.place, problem.more_lines),
        "occurrenceCount": problem.count,
        "properties": {"shot": shot or None, "path": [_safe_part(part) for part in problem.path]},
    }


def _safe_part(part: str | int) -> str | int:
    return safe_text(part) if isinstance(part, str) else part


def _related_places(place: Place | None, lines: Iterable[int]) -> list[dict[str, Any]]:
    """The next lines where it comes."""
    return [] if place is None else [_describe_place(place, line) for line in dict.fromkeys(lines)]


def _describe_place(place: Place, line: int, column: int | None = None) -> dict[str, Any]:
    region = {"startLine": line} | ({"startColumn": column} if column is not None else {})
    return {"physicalLocation": {"artifactLocation": _describe_file(place.file), "region": region}}


def _describe_file(file: str) -> dict[str, str]:
    """A file below the root, else by its whole address."""
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(PurePosixPath(file).as_posix().encode("utf-8", "surrogateescape")), "uriBaseId": _ROOT}
