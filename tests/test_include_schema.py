"""`schemas/include.schema.json` is what `tools/write_include_schema.py` writes from the manifest's schema."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hailuo_batch.load.schemas import matches_schema, read_schema

ROOT = Path(__file__).parent.parent


def test_the_schema_of_included_files_is_as_the_tool_writes_it() -> None:
    spec = spec_from_file_location("write_include_schema", ROOT / "tools" / "write_include_schema.py")
    assert spec
    assert spec.loader
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    written = (ROOT / "schemas" / "include.schema.json").read_text(encoding="utf-8")
    assert written == tool.schema_text(), "python tools/write_include_schema.py"


def test_a_manifest_needs_shots_only_where_nothing_is_included() -> None:
    head = {"version": 1, "campaign": "film"}
    assert not matches_schema("manifest", head)
    assert matches_schema("manifest", {**head, "include": ["a.yaml"]})
    assert not matches_schema("manifest", {**head, "include": []})
    assert not matches_schema("include", {**head})
    assert read_schema("include")["$id"] != read_schema("manifest")["$id"]
