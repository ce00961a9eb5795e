"""Every rule of a problem is told apart by its id, used somewhere, and on the page that people look it up in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import hailuo_batch
from hailuo_batch.core import rules
from hailuo_batch.core.problem import Rule, Severity
from hailuo_batch.core.rules import RULES

ROOT = Path(__file__).parent.parent.parent
PACKAGE = Path(hailuo_batch.__file__).parent


def test_each_id_is_its_own_and_the_name_of_its_rule() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert getattr(rules, rule.id.replace("-", "_").upper()) is rule


def test_every_rule_is_used_and_no_other_is_made() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "rules.py"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r"\brules\.([A-Z_]+)\b", source))
    assert used == {rule.id.replace("-", "_").upper() for rule in RULES}
    assert not re.search(r"\bRule\(\w", source)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_explains_itself_in_two_short_sentences(rule: Rule) -> None:
    assert rule.summary == rule.summary.strip(" .")
    for sentence in (rule.meaning, rule.remedy):
        assert sentence.endswith(".")
        assert len(sentence.split()) <= 20


def test_a_case_is_the_same_rule_in_other_words() -> None:
    case = rules.YAML_ALIAS.case("mark never used").as_warning()
    assert (case.summary, case.severity) == ("mark never used", Severity.WARNING)
    assert case == rules.YAML_ALIAS
    assert case != rules.YAML_TAG


def test_the_page_of_problems_is_as_the_tool_writes_it() -> None:
    tool = ROOT / "tools" / "write_problems.py"
    written = subprocess.run(
        [sys.executable, str(tool)], capture_output=True, check=True, env={"PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    ).stdout
    assert (ROOT / "docs" / "problems.md").read_bytes() == written, "python tools/write_problems.py > docs/problems.md"
