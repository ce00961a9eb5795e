"""Messages name pages by their address, since the package carries none of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hailuo_batch.core.pages import page

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hailuo_batch"
PAGE = re.compile(r"(?P<address>https://\S*?)?[\w-]+\.md\b")


def messages(file: Path) -> Iterator[str]:
    """The strings of a file that are not docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_no_message_names_a_page_that_the_package_lacks() -> None:
    texts = {str(file): "\n".join(messages(file)) for file in PACKAGE.rglob("*.py")}
    texts |= {str(file): file.read_text("utf-8") for file in (*ROOT.glob("schemas/*.json"), *PACKAGE.rglob("*.html"))}
    wrong = {name: [each[0] for each in PAGE.finditer(text) if not each["address"]] for name, text in texts.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_each_page_that_a_message_names_is_there() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    names = set(re.findall(r"""\bpage\(['"](\w+)['"]\)""", source))
    assert {"money", "commands"} <= names
    assert [name for name in names if not (ROOT / "docs" / f"{name}.md").exists()] == []
    assert page("money").startswith("https://github.com/hailuo-batch/")
