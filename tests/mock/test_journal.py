"""What the mock keeps: every request and charge, without keys, signatures and pictures."""

import json
from pathlib import Path

import pytest
from mock_samples import GATEWAYS, KEY, body_of, client_of, one

from hailuo_batch.mock.journal import redact_headers, redact_path, shorten_body


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_way_through_a_gateway_is_kept_line_by_line(gateway: str, tmp_path: Path) -> None:
    log = tmp_path / "req.jsonl"
    async with client_of(one("throttled", nth=1), log=log) as client:
        await client.submit(gateway)
        await client.call("download", gateway)
        kept = [(entry.call, entry.status, entry.fault, entry.charged, entry.key) for entry in client.mock.log]
        charge = client.mock.charges[0]

    file = [("file", 200, "", False, True)] if gateway == "minimax" else []
    assert kept == [
        ("submit", 200 if gateway == "minimax" else 429, "throttled", False, True),
        ("submit", 200, "", True, True),
        ("poll", 200, "", False, True),
        *file,
        ("download", 200, "", False, False),
    ]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["what"] for line in lines] == ["request", "charge", *["request"] * (len(kept) - 1)]
    assert lines[1]["amount"] == str(charge.amount)
    assert lines[1]["task"] == charge.task
    assert lines[1]["prompt"] == "A kite over a salt flat"


async def test_neither_keys_nor_signatures_get_into_the_file(tmp_path: Path) -> None:
    log = tmp_path / "req.jsonl"
    async with client_of(log=log) as client:
        for gateway in GATEWAYS:
            link = await client.link(gateway, await client.ordered(gateway))
            await client.download(link)
            assert link.partition("sig=")[2] not in log.read_text()
    assert KEY not in log.read_text()


async def test_two_runs_write_one_file_after_the_other(tmp_path: Path) -> None:
    log = tmp_path / "req.jsonl"
    for _ in range(2):
        async with client_of(log=log) as client:
            await client.submit("gccai", body_of("gccai", "\N{KITE} 风筝"))
    assert log.read_text().count("\n") == 4
    assert "风筝" in log.read_text()


def test_what_is_shown() -> None:
    picture = "data:image/png;base64," + "A" * 5000
    assert shorten_body({"a": [picture, 1], "b": "x" * 5000}) == {
        "a": ["data:image/png;base64,AAAAAAAAAAAAAAAAAA… (5022 letters)", 1],
        "b": "x" * 4000 + "… (5000 letters)",
    }
    assert redact_headers({"AUTHORIZATION": "Bearer a", "Accept": "*/*"}) == {"AUTHORIZATION": "***", "Accept": "*/*"}
    assert redact_path("/clips/a/b.mp4?until=1&sig=abc") == "/clips/a/b.mp4?until=1&sig=***"
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert shorten_body(deep) == "… (nested too deep)"
