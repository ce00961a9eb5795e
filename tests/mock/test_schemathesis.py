"""Schemathesis looks for holes in the mock's contracts: bounded, seeded, against a running mock."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from mock_samples import GATEWAYS, at_once

from hailuo_batch.load.schemas import schema_folder
from hailuo_batch.mock.server import Mock

EXAMPLES = 10
KEY = "mv_live_demo"
# One process for all gateways: to load Schemathesis takes longer than to ask a gateway everything.
ONE_AFTER_ANOTHER = """
import json, sys
from schemathesis.cli import schemathesis
ends = {}
for gateway, arguments in json.loads(sys.argv[1]).items():
    try:
        ends[gateway] = schemathesis.main(arguments, standalone_mode=False)
    except SystemExit as end:
        ends[gateway] = end.code
print()
print(json.dumps(ends))
"""
# Where a document itself cannot satisfy a check, and why. (operation, check); "" is every operation.
EXCUSED: dict[str, tuple[tuple[str, str], ...]] = {
    "gccai": (("getTask", "positive_data_acceptance"),),  # an unknown id is documented as a 400 and not as a 404
    # The sibling's client shows no refusal of these two but 401 and 429; a bad page must be refused with something.
    "odkkk": (("listTasks", "status_code_conformance"), ("getTasks", "status_code_conformance")),
    # It refuses inside a 200: documented, and the trap that the mock is there for.
    "minimax": (("", "negative_data_rejection"), ("", "ignored_auth"), ("", "missing_required_header")),
}


def _configured(gateway: str, folder: Path) -> Path:
    lines = []
    for operation, check in EXCUSED.get(gateway, ()):
        where = f'[[operations]]\ninclude-operation-id = "{operation}"\n' if operation else ""
        lines.append(f"{where}checks.{check}.enabled = false\n")
    path = folder / "schemathesis.toml"
    path.write_text("".join(lines))
    return path


def _arguments(gateway: str, mock: Mock, folder: Path) -> list[str]:
    folder.mkdir()
    document = schema_folder() / "openapi" / f"{gateway}.openapi.yaml"
    return [
        *("--no-color", "--config-file", str(_configured(gateway, folder))),
        *("run", str(document), "--url", mock.url(gateway), "--header", f"Authorization: Bearer {KEY}"),
        *("--max-examples", str(EXAMPLES), "--seed", "7", "--generation-deterministic", "--warnings", "off"),
        *("--continue-on-failure", "--report-dir", str(folder)),
    ]


async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    async with Mock(at_once(keys=(KEY,)), clip=b"clip") as mock:
        asked = {gateway: _arguments(gateway, mock, tmp_path / gateway) for gateway in GATEWAYS}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(asked)),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()

        assert json.loads(told.splitlines()[-1]) == dict.fromkeys(GATEWAYS, 0), told.decode()
        calls = Counter(entry.gateway for entry in mock.log)
        assert all(calls[gateway] > EXAMPLES for gateway in GATEWAYS), calls
        assert {entry.status for entry in mock.log}.isdisjoint({500, None})
