"""Writes schemas/reports.schema.json, for several manifests, from schemas/report.schema.json.

A test holds the two together.

python tools/write_reports_schema.py
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
_FOR_THE_FILE = ("$schema", "$id", "title", "definitions")


def reports_schema(report: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of several reports: each of them, and what all of them come to."""
    one = {key: value for key, value in report.items() if key not in _FOR_THE_FILE}
    total = {name: {"$ref": f"#/definitions/report/properties/{name}"} for name in ("summary", "gateways")}
    return {
        "$schema": report["$schema"],
        "$id": report["$id"].replace("report.schema.json", "reports.schema.json"),
        "title": "hailuo_batch reports of several manifests, version 1",
        "description": "What `plan` and `run` print with --format json where several manifests are named.",
        "type": "object",
        "required": ["version", "manifests", "total"],
        "additionalProperties": False,
        "properties": {
            "version": {"description": "The version of this format.", "type": "integer", "const": 1},
            "manifests": {
                "description": "The report of each manifest, in the order in which they are run.",
                "type": "array",
                "items": {"$ref": "#/definitions/report"},
            },
            "total": {
                "description": "The sums over all manifests, and the gateways that one of them needs.",
                "type": "object",
                "required": list(total),
                "additionalProperties": False,
                "properties": total,
            },
            "exit": {"description": "The exit code of all; only from `run`.", "type": "integer", "minimum": 0},
        },
        "definitions": {"report": one, **report["definitions"]},
    }


def schema_text() -> str:
    """The file's text."""
    report = json.loads((FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    return json.dumps(reports_schema(report), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    (FOLDER / "reports.schema.json").write_text(schema_text(), encoding="utf-8")
