"""What readers of SARIF accept: the schema of the standard itself, with its formats of addresses."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

OFFICIAL = Path(__file__).parent / "fixtures" / "official" / "sarif-2.1.0.json"


@cache
def sarif_schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        json.loads(OFFICIAL.read_text(encoding="utf-8-sig")), validate_formats=True
    )


def require_sarif(log: Any) -> None:
    sarif_schema().validate(log)
