"""Writes docs/problems.md from the rules in hailuo_batch/core/rules.py; a test holds the two together.

python tools/write_problems.py > docs/problems.md
"""

from collections.abc import Iterator

from hailuo_batch.core.problem import Rule, RuleArea, Severity
from hailuo_batch.core.rules import RULES
from hailuo_batch.load.yaml import messages, syntax_messages
from hailuo_batch.load.yaml.messages import Message

HEAD = """\
# Every problem, by its id

Written from `hailuo_batch/core/rules.py` by `tools/write_problems.py`. The first line of a problem ends with its id:

```
teaser.yaml:14:13: length not offered [shot-length]
```

`validate --format json` has the id under `code`. An id keeps its meaning in every version. A warning stops nothing; any
other problem stops the command before anything is submitted.
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(_part(area) for area in RuleArea)


def _part(area: RuleArea) -> str:
    rows = "".join(_row(rule) for rule in RULES if rule.area is area)
    return f"\n## {area}\n\n| id | message | meaning | what to do |\n|---|---|---|---|\n{rows}"


def _row(rule: Rule) -> str:
    says = "; ".join(dict.fromkeys((rule.summary, *_cases(rule))))
    kind = " (warning)" if rule.severity is Severity.WARNING else ""
    return f"| `{rule.id}`{kind} | {says} | {rule.meaning} | {rule.remedy} |\n"


def _cases(rule: Rule) -> Iterator[str]:
    """The other summaries of a rule of YAML, each of which names one of its cases."""
    values = [*vars(messages).values(), *vars(syntax_messages).values(), *syntax_messages.TEXT_AFTER.values()]
    return (each.rule.summary for each in values if isinstance(each, Message) and each.rule == rule)


if __name__ == "__main__":
    print(page(), end="")
