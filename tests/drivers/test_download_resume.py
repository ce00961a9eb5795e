"""A download that breaks off goes on where it broke, and bytes of two files never end up in one."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from driver_samples import Host, Pauses, answering, downloads, host

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers import download as room

FIRST = random.Random(1).randbytes(400_000)  # noqa: S311 - it has to be repeatable, not secret
OTHER = random.Random(2).randbytes(400_000)  # noqa: S311
CUT = 150_000
TAG = {"ETag": '"first"'}


@dataclass(kw_only=True)
class Answer:
    """One answer of a host: so much of a body, which may be cut; `length` is what it promises."""

    body: bytes
    status: int = 200
    cut: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


async def sent(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: answer.cut])
    if answer.cut is not None:
        await asyncio.sleep(0.005)  # until it has been read: an end that comes at once may hide what was before it
        assert request.transport
        request.transport.close()
    return response


async def fetched(target: Path, *answers: Answer, **how: Any) -> tuple[Host, Failure | None]:
    """Asks a host that gives one answer after the other."""
    left = iter(answers)
    async with host(lambda request: sent(request, next(left))) as cdn, downloads(**how) as found:
        return cdn, await found.download(f"{cdn.url}/clips/a?sig=1", target)


def rest(body: bytes, begin: int, **headers: str) -> Answer:
    """The rest of a body, as a host that knows what it does sends it."""
    said = {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}", **headers}
    return Answer(body=body[begin:], status=206, headers=said)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        (TAG, '"first"'),
        ({"Last-Modified": "Fri, 20 Nov 2026 07:00:00 GMT"}, "Fri, 20 Nov 2026 07:00:00 GMT"),
        ({"Accept-Ranges": "bytes"}, None),
    ],
    ids=["tag", "date", "length only"],
)
async def test_a_download_goes_on_where_it_broke_off(headers: dict[str, str], condition: str | None, target: Path):
    cdn, failure = await fetched(target, Answer(body=FIRST, cut=CUT, headers=headers), rest(FIRST, CUT, **headers))
    assert failure is None
    assert target.read_bytes() == FIRST
    assert "Range" not in cdn.asked[0].headers
    assert (cdn.asked[1].headers["Range"], cdn.asked[1].headers.get("If-Range")) == (f"bytes={CUT}-", condition)


async def test_it_goes_on_as_often_as_it_breaks_off_and_through_trouble_of_the_host(target: Path):
    again = rest(FIRST, CUT, **TAG)
    again.cut = 100_000
    cdn, failure = await fetched(
        target,
        Answer(body=FIRST, cut=CUT, headers=TAG),
        again,
        Answer(body=b"busy", status=503),
        rest(FIRST, CUT + 100_000, **TAG),
    )
    assert failure is None
    assert target.read_bytes() == FIRST
    ranges = [asked.headers.get("Range") for asked in cdn.asked]
    assert ranges == [None, f"bytes={CUT}-", f"bytes={CUT + 100_000}-", f"bytes={CUT + 100_000}-"]


async def test_a_host_that_can_promise_nothing_is_asked_for_the_whole_file(target: Path):
    cdn, failure = await fetched(target, Answer(body=FIRST, cut=CUT), Answer(body=OTHER))
    assert failure is None
    assert target.read_bytes() == OTHER
    assert "Range" not in cdn.asked[1].headers


async def test_a_file_that_changed_meanwhile_comes_whole(target: Path):
    shorter = OTHER[:200_000]
    cdn, failure = await fetched(target, Answer(body=FIRST, cut=CUT, headers=TAG), Answer(body=shorter))
    assert failure is None
    assert target.read_bytes() == shorter
    assert len(cdn.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        rest(OTHER, CUT, ETag='"other"'),
        rest(OTHER + b"x", CUT, **TAG),
        rest(OTHER[:-1], CUT, **TAG),
        rest(OTHER, CUT - 1, **TAG),
        rest(OTHER, CUT + 1, **TAG),
        Answer(body=OTHER[CUT:], status=206, headers=TAG),
        Answer(body=OTHER[CUT:], status=206, headers={**TAG, "Content-Range": f"bytes {CUT}-399999/*"}),
        Answer(body=OTHER[CUT:], status=206, headers={**TAG, "Content-Range": "multipart/byteranges"}),
        Answer(body=b"", status=416, headers={"Content-Range": "bytes */100"}),
    ],
    ids=["tag", "longer", "shorter", "earlier", "later", "no range", "no length", "no sense", "416"],
)
async def test_a_rest_of_another_file_is_not_taken_and_the_whole_is_asked_for_at_once(answer: Answer, target: Path):
    pauses = Pauses()
    cdn, failure = await fetched(
        target, Answer(body=FIRST, cut=CUT, headers=TAG), answer, Answer(body=OTHER), pauses=pauses
    )
    assert failure is None
    assert target.read_bytes() == OTHER
    assert [asked.headers.get("Range") for asked in cdn.asked] == [None, f"bytes={CUT}-", None]
    assert pauses == [1.0], "the break costs a pause, the misunderstanding none"


async def test_a_link_that_dies_on_the_way_is_dead(target: Path):
    _, failure = await fetched(target, Answer(body=FIRST, cut=CUT, headers=TAG), Answer(body=b"", status=403))
    assert failure is not None
    assert failure.kind is FailureKind.EXPIRED


async def test_a_page_in_the_place_of_the_rest_is_not_put_behind_it(target: Path):
    page = Answer(body=b"<html>", headers={"Content-Type": "text/html"})
    _, failure = await fetched(target, Answer(body=FIRST, cut=CUT, headers=TAG), page)
    assert failure is not None
    assert failure.kind is FailureKind.CORRUPT
    assert target.read_bytes() == FIRST[:CUT]


async def test_a_redirect_is_followed_with_what_is_asked_for(target: Path):
    moved = Answer(body=b"", status=302, headers={"Location": "/elsewhere"})
    cdn, failure = await fetched(
        target, moved, Answer(body=FIRST, cut=CUT, headers=TAG), moved, rest(FIRST, CUT, **TAG)
    )
    assert failure is None
    assert target.read_bytes() == FIRST
    assert [asked.headers.get("Range") for asked in cdn.asked][2:] == [f"bytes={CUT}-"] * 2


def _moody(chance: random.Random) -> Callable[[web.BaseRequest], Any]:
    """A host that cuts, changes the file, ignores conditions, and lies about what it sends."""
    versions = {'"first"': FIRST, '"other"': OTHER}
    now = '"first"'

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal now
        if chance.random() < 0.3:
            now = chance.choice(list(versions))
        body, asked = versions[now], request.headers.get("Range", "")
        headers = {"ETag": now} if chance.random() < 0.9 else {}
        cut = chance.randrange(len(body)) if chance.random() < 0.7 else None
        same = request.headers.get("If-Range") == now or chance.random() < 0.3
        if not asked or not same or chance.random() < 0.1:
            return await sent(request, Answer(body=body, headers=headers, cut=cut))
        begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        if chance.random() < 0.2:
            begin = chance.randrange(len(body))
        answer = rest(body, begin, **{"ETag": now, **headers})
        answer.cut = None if cut is None else min(cut, len(answer.body) - 1)
        return await sent(request, answer)

    return handle


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_the_host_does_the_file_is_one_of_its_files_or_none(seed: int, target: Path):
    chance = random.Random(seed)  # noqa: S311
    async with host(_moody(chance)) as cdn, downloads() as found:
        failure = await found.download(f"{cdn.url}/a", target)
    if failure is None:
        assert target.read_bytes() in {FIRST, OTHER}
    else:
        assert failure.kind is FailureKind.FLAKY
        assert target.read_bytes() not in {FIRST, OTHER}


def ticking(step: float) -> Callable[[], float]:
    """A clock that has gone on by a step whenever it is read."""
    now = 0.0

    def elapsed() -> float:
        nonlocal now
        now += step
        return now

    return elapsed


async def test_a_file_that_trickles_is_broken_off_and_gone_on_with(target: Path):
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
        answer = rest(FIRST, int(asked), **TAG)
        answer.status = 206 if "Range" in request.headers else 200
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(answer.body)
        await response.prepare(request)
        for at in range(0, 10_000, 1000):
            await response.write(answer.body[at : at + 1000])
            await asyncio.sleep(0.002)
        await asyncio.sleep(10)
        return response

    pauses = Pauses()
    async with host(handle) as cdn, downloads(pauses, elapsed=ticking(20.0)) as found:
        failure = await found.download(f"{cdn.url}/a", target)
    assert failure is not None
    assert failure.kind is FailureKind.FLAKY
    assert failure.why.startswith("the download is too slow: ")
    assert pauses == [1.0, 2.0, 4.0]
    ranges = [asked.headers.get("Range") for asked in cdn.asked]
    assert ranges[0] is None
    assert all(ranges[1:])
    assert len(set(ranges)) == room.TRIES
    assert FIRST.startswith(target.read_bytes())


async def test_a_slow_end_that_is_there_is_an_end(target: Path):
    async with host(answering(b"clip")) as cdn, downloads(elapsed=ticking(3600.0)) as found:
        assert await found.download(cdn.url, target) is None
    assert target.read_bytes() == b"clip"
