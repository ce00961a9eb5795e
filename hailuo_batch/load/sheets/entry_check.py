"""Whether one row makes an entry that a manifest may hold, in the words that a manifest's problems have."""

import json
from collections.abc import Mapping
from typing import Any

from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.load.manifest import read_and_validate
from hailuo_batch.load.sidecar import escape_line


def check_entry(entry: Mapping[str, Any]) -> str:
    """Why the schema or the rules about secrets refuse an entry; nothing when they do not."""
    document = {"version": 1, "campaign": "check", "shots": [entry]}
    data = escape_line(json.dumps(document, ensure_ascii=False)).encode()  # JSON is YAML, but for halves of characters
    _, problems = read_and_validate(data, name="table", schema="manifest", many="shots", definition="shot")
    found = [problem for problem in problems if problem.severity is Severity.ERROR]
    return describe_problem(found[0]) if found else ""


def describe_problem(problem: Problem) -> str:
    """A problem of a shot as the reason why its row is not taken.

    >>> from hailuo_batch.core.rules import SHOT_ID
    >>> describe_problem(Problem(rule=SHOT_ID, why='"a b" is no id.', remedy="Rename it.", path=("shots", 0, "id")))
    'id: "a b" is no id. Rename it.'
    """
    column = ".".join(str(part) for part in problem.path[2:4] if isinstance(part, str))
    words = " ".join(f"{problem.why} {problem.remedy}".split())
    return f"{column}: {words}" if column and not words.startswith(column) else words
