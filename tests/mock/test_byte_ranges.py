"""Parts of a clip: what a Range and an If-Range ask for, over the wire as RFC 9110 has it."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_samples import GATEWAYS, client_of

from hailuo_batch.mock.byte_ranges import apply_range, validators
from hailuo_batch.mock.messages import Answer
from hailuo_batch.testing.clips import make_clip

BODY = bytes(range(200))
WHOLE = Answer(body=BODY, type="video/mp4", headers=validators("t1", 1_800_000_000.0))


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        ({}, 200, BODY, None),
        ({"Range": "bytes=0-"}, 206, BODY, "bytes 0-199/200"),
        ({"Range": "bytes=50-"}, 206, BODY[50:], "bytes 50-199/200"),
        ({"Range": "bytes=50-59"}, 206, BODY[50:60], "bytes 50-59/200"),
        ({"Range": "bytes=199-5000"}, 206, BODY[199:], "bytes 199-199/200"),
        ({"Range": "bytes=-5"}, 206, BODY[-5:], "bytes 195-199/200"),
        ({"Range": "bytes=-500"}, 206, BODY, "bytes 0-199/200"),
        ({"Range": "bytes=200-"}, 416, b"", "bytes */200"),
        ({"Range": "bytes=-0"}, 416, b"", "bytes */200"),
        ({"Range": "bytes=60-50"}, 200, BODY, None),
        ({"Range": "bytes=0-1,5-6"}, 200, BODY, None),
        ({"Range": "bytes=a-"}, 200, BODY, None),
        ({"Range": "items=0-"}, 200, BODY, None),
        ({"Range": "bytes=50-", "If-Range": '"t1"'}, 206, BODY[50:], "bytes 50-199/200"),
        ({"Range": "bytes=50-", "If-Range": "Fri, 15 Jan 2027 08:00:00 GMT"}, 206, BODY[50:], "bytes 50-199/200"),
        ({"Range": "bytes=50-", "If-Range": '"t2"'}, 200, BODY, None),
        ({"Range": "bytes=50-", "If-Range": 'W/"t1"'}, 200, BODY, None),
        ({"Range": "bytes=50-", "If-Range": "Fri, 15 Jan 2027 08:00:01 GMT"}, 200, BODY, None),
    ],
)
def test_a_part_is_what_was_asked_for(asked: Mapping[str, str], status: int, body: bytes, said: str | None) -> None:
    found = apply_range(WHOLE, asked)
    assert (found.status, found.body, found.headers.get("Content-Range")) == (status, body, said)


@given(st.text() | st.from_regex(r"bytes=[0-9]*-[0-9]*", fullmatch=True))
def test_whatever_is_asked_for_a_part_is_the_bytes_it_says(text: str) -> None:
    found = apply_range(WHOLE, {"Range": text})
    if found.status == 206:
        said = re.fullmatch(r"bytes (\d+)-(\d+)/200", found.headers["Content-Range"])
        assert said
        assert found.body == BODY[int(said[1]) : int(said[2]) + 1] != b""
    else:
        assert found.status in {200, 416}


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_clips_are_served_in_parts_and_a_look_costs_no_bytes(gateway: str) -> None:
    async with client_of() as client:
        task = await client.ordered(gateway)
        link = await client.link(gateway, task)
        whole = await client.download(link)
        part = await client.download(link, headers={"Range": "bytes=100-", "If-Range": f'"{task}"'})
        beyond = await client.download(link, headers={"Range": f"bytes={len(whole.data)}-"})
        look = await client.ask("HEAD", link, key=None, headers={"Range": "bytes=5-"})
        statuses = [entry.status for entry in client.mock.log if entry.call == "download"]

    assert whole.data == make_clip(task)
    assert whole.headers is not None
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (f'"{task}"', "bytes")
    assert (part.status, part.data) == (206, whole.data[100:])
    assert (beyond.status, beyond.data) == (416, b"")
    assert look.headers is not None
    assert (look.status, look.data, look.headers["Content-Length"]) == (200, b"", str(len(whole.data)))
    assert statuses == [200, 206, 416, 200]


async def test_a_client_that_is_listened_to_gets_the_same_parts() -> None:
    async with client_of() as client:
        client.mock.listeners.append(lambda _: None)
        task = await client.ordered("odkkk")
        link = await client.link("odkkk", task)
        part = await client.download(link, headers={"Range": "bytes=100-"})
        look = await client.ask("HEAD", link, key=None)
    assert (part.status, part.data) == (206, make_clip(task)[100:])
    assert (look.status, look.data) == (200, b"")
