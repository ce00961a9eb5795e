"""docs/mock.md says what there is, and its examples work."""

import re
from pathlib import Path

from hailuo_batch.load.document import read_document
from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.fault import ALLOWED_CALLS, FaultKind
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.mock.script import parse_script

PAGE = (Path(__file__).parents[2] / "docs" / "mock.md").read_text()


def test_each_fault_stands_in_the_page_with_its_place() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (\w+) \| [^|]*\|$", PAGE, flags=re.MULTILINE))
    assert rows == {str(kind): str(ALLOWED_CALLS[kind][0]) for kind in FaultKind}


def test_each_call_and_each_code_is_named() -> None:
    for kind in CallKind:
        assert f"`{kind}`" in PAGE
    for contract in contracts().values():
        row = next(
            line for line in PAGE.splitlines() if line.startswith(f"| {contract.name} | `") and "http" not in line
        )
        assert re.findall(r"`(\w+)`", row) == list(contract.failures)


def test_the_script_of_the_page_is_read() -> None:
    text = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert text
    document = read_document(text[1].encode(), name="mock.md")
    assert not document.problems
    assert len(parse_script(document.tree).rules) == 5
