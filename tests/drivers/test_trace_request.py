"""What logging hears of a request; that nothing which goes wrong with it reaches who made the request."""

import asyncio
import logging

import pytest
from yarl import URL

from hailuo_batch.core.trace import RequestLine
from hailuo_batch.drivers.trace_request import RequestTrace
from hailuo_batch.gateways.dialect import Call, Reply

LINK = URL("https://me:sentinel@cdn.test:8443/sentinel/a.mp4?sig=sentinel")
CALL = Call(method="GET", path="/tasks", query={"task_id": "t1", "token": "sentinel"})


def told(caplog: pytest.LogCaptureFixture) -> list[RequestLine]:
    return [record.msg for record in caplog.records if isinstance(record.msg, RequestLine)]


@pytest.mark.parametrize(("level", "status", "lines"), [("INFO", 200, 0), ("DEBUG", 200, 1), ("INFO", 500, 1)])
def test_a_poll_is_news_only_when_it_failed(
    level: str, status: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, logger="hailuo_batch")
    with RequestTrace("read", URL("https://api.test/tasks?task_id=t1"), gateway="minimax", call=CALL) as trace:
        trace.record_reply(
            Reply(status=status, body={"status": "queued"}, headers={"set-cookie": "a", "trace-id": "b"})
        )
    assert len(told(caplog)) == lines
    for line in told(caplog):
        assert (line.path, line.query) == ("/tasks", {"task_id": "t1", "token": "***"})
        assert (line.headers, line.reply) == ({"trace-id": "b"}, {"status": "queued"})


def test_of_a_link_only_the_host_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="hailuo_batch")
    with RequestTrace("download", LINK) as trace:
        trace.why = "no whole answer came"
    (line,) = told(caplog)
    assert (line.host, line.path, line.status, line.failure) == ("cdn.test:8443", "/…", None, "no whole answer came")
    assert "sentinel" not in repr(line)


async def test_a_request_that_is_cut_off_is_told_without_a_reply(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="hailuo_batch")
    with pytest.raises(asyncio.CancelledError), RequestTrace("submit", URL("https://api.test/"), call=CALL):
        raise asyncio.CancelledError
    assert [(line.status, line.failure) for line in told(caplog)] == [(None, "CancelledError")]


def test_a_trace_that_fails_does_not_take_the_reply_along(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="hailuo_batch")
    monkeypatch.setattr("hailuo_batch.drivers.trace_request.redact_body", lambda _: 1 / 0)
    with RequestTrace("submit", URL("https://api.test/"), call=CALL) as trace:
        trace.record_reply(Reply(status=200, body={}))
    assert told(caplog) == []
