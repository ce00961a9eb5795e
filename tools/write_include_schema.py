"""Writes schemas/include.schema.json, for files that manifests include, from schemas/manifest.schema.json.

A test holds the two together.

python tools/write_include_schema.py
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
OF_MANIFESTS_ONLY = ("campaign", "model", "providers", "budget")
WORDS = (
    "A file that manifests include. It has what several of them share: variables, styles, defaults, sequences, shots "
    "and columns of one's own. It has no campaign: it is never planned or run by itself."
)


def include_schema(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an included file: keys and definitions are those of a manifest."""
    properties = {key: value for key, value in manifest["properties"].items() if key not in OF_MANIFESTS_ONLY}
    return {
        "$schema": manifest["$schema"],
        "$id": manifest["$id"].replace("manifest.schema.json", "include.schema.json"),
        "title": "hailuo_batch included file, version 1",
        "description": WORDS,
        "type": "object",
        "additionalProperties": False,
        "patternProperties": manifest["patternProperties"],
        "properties": properties,
        "definitions": manifest["definitions"],
    }


def schema_text() -> str:
    """The file's text."""
    manifest = json.loads((FOLDER / "manifest.schema.json").read_text(encoding="utf-8"))
    return json.dumps(include_schema(manifest), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    (FOLDER / "include.schema.json").write_text(schema_text(), encoding="utf-8")
