"""`docs/models.md` and the names in the manifest's schema are what `tools/write_models.py` writes."""

import subprocess
import sys
from pathlib import Path

from hailuo_batch.load.model_tables import model_names
from hailuo_batch.load.schemas import read_schema

ROOT = Path(__file__).parent.parent


def test_the_page_of_models_is_as_the_tool_writes_it() -> None:
    tool = ROOT / "tools" / "write_models.py"
    written = subprocess.run(
        [sys.executable, str(tool)], capture_output=True, check=True, env={"PYTHONUTF8": "1"}
    ).stdout
    assert (ROOT / "docs" / "models.md").read_bytes() == written, "python tools/write_models.py > docs/models.md"


def test_a_manifest_may_name_every_model_that_has_a_file() -> None:
    model = read_schema("manifest")["properties"]["model"]
    assert model["enum"] == list(model_names()), "python tools/write_models.py --schema"
