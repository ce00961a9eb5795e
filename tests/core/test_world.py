"""Hints name the world and the manifest, since `command_line` writes every one of them."""

import ast
import re
from pathlib import Path

import pytest

import hailuo_batch

PACKAGE = Path(hailuo_batch.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "testing" not in path.parts)
# What depends on a manifest or a world; `init`, `schema`, `providers` and `completion` depend on neither.
COMMAND = re.compile(
    "hailuo-batch (accept|approve|audit|costs|explain|fetch|gc|note|omit|plan|reject|report|resolve|retake|run"
    "|select|show|status|validate|verify)"
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_message_writes_such_a_command_itself(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {ast.get_docstring(node, clean=False) for node in nodes}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert [text for text in texts - docstrings if COMMAND.search(text)] == []
