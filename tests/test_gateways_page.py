"""`docs/gateways.md` is what `tools/write_gateways.py` writes from the gateways' tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from hailuo_batch.load.provider_tables import provider_names, read_provider

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "gateways.md"


def test_the_page_is_as_the_tool_writes_it() -> None:
    tool = ROOT / "tools" / "write_gateways.py"
    written = subprocess.run(
        [sys.executable, str(tool)], capture_output=True, check=True, env={"PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    ).stdout
    assert PAGE.read_bytes() == written, "python tools/write_gateways.py > docs/gateways.md"


@pytest.mark.parametrize("name", provider_names())
def test_the_page_has_a_part_for_each_gateway_with_all_that_is_inferred(name: str) -> None:
    provider = read_provider(name, "hailuo-02")
    _, _, part = PAGE.read_text(encoding="utf-8").partition(f"\n## {provider.title}\n")
    part, _, _ = part.partition("\n## ")
    assert provider.key in part
    for said in (*provider.notes, *(each.what for each in provider.inferences)):
        assert said in part


def test_the_page_has_every_price_and_its_source() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for region in ("global", "china"):
        for row in read_provider("minimax", "hailuo-02", region=region).prices:
            assert f"| {row.resolution} | {row.seconds} s | {row.price} | {row.read}, <{row.source}> |" in page
