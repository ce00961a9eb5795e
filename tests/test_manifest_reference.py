"""`docs/manifest.md` is what `tools/write_manifest_reference.py` writes from the schema."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_page_of_keys_is_as_the_tool_writes_it() -> None:
    tool = ROOT / "tools" / "write_manifest_reference.py"
    written = subprocess.run(
        [sys.executable, str(tool)], capture_output=True, check=True, env={"PYTHONUTF8": "1"}
    ).stdout
    assert (ROOT / "docs" / "manifest.md").read_bytes() == written, (
        "python tools/write_manifest_reference.py > docs/manifest.md"
    )


def test_the_page_promises_nothing_about_prices_that_are_not_known() -> None:
    head, _, _ = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8").partition("\n## ")
    assert "price" not in head
