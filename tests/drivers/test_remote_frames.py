"""Pictures behind web addresses, over real loopback HTTP: fetched once, asked for again, and refused in plain words."""

import asyncio
import os
import struct
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from driver_samples import Handler, answering, host, nobody, raw_host
from PIL import Image

from hailuo_batch.core.request.remote_image import RemoteImage, RemoteImageFailure
from hailuo_batch.drivers import remote_frames as drivers_web_frames
from hailuo_batch.drivers.public_hosts import HostPolicy, PublicResolver
from hailuo_batch.drivers.remote_frames import AT_ONCE, REDIRECTS, RemoteImageDownloader, open_remote_images

Seen = RemoteImage | RemoteImageFailure


def picture(colour: str = "teal", size: tuple[int, int] = (640, 360), kind: str = "PNG") -> bytes:
    target = BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


PNG = picture()
LONG_AGO = formatdate(time.time() - 3600, usegmt=True)


def bomb() -> bytes:
    """A PNG of some dozen bytes that says it has four thousand million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 65_000, 65_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@asynccontextmanager
async def frames(folder: Path, **how: Any) -> AsyncIterator[RemoteImageDownloader]:
    resolver = PublicResolver(loopback=how.get("loopback", True))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
        yield RemoteImageDownloader(session, folder=folder, **{"loopback": True, **how})


async def look(address: str, folder: Path, before: RemoteImage | None = None, **how: Any) -> Seen:
    async with frames(folder, **how) as looking:
        return (await looking.refresh({address: before}))[address]


def fetched(seen: Seen) -> RemoteImage:
    assert isinstance(seen, RemoteImage), seen
    return seen


def failed(seen: Seen) -> RemoteImageFailure:
    assert isinstance(seen, RemoteImageFailure), seen
    return seen


def dated(body: bytes, **headers: str) -> Handler:
    """Answers with an ETag, and with 304 to whoever shows it."""
    tag = f'"{sha256(body).hexdigest()[:8]}"'

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": tag, **headers})

    return handle


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
async def test_a_picture_is_fetched_hashed_and_kept_under_its_digest(kind: str, name: str, tmp_path: Path):
    data = picture(kind=kind)
    async with host(answering(data)) as there:
        seen = fetched(await look(f"{there.url}/a?sig=1", tmp_path / "frames"))
        assert [asked.path for asked in there.asked] == ["/a?sig=1"]
    digest = sha256(data).hexdigest()
    assert (seen.digest, seen.kind, seen.size, seen.length) == (f"sha256:{digest}", name, (640, 360), len(data))
    assert {file.name: file.read_bytes() for file in (tmp_path / "frames").iterdir()} == {digest: data}
    assert abs(seen.at - time.time()) < 60


async def test_the_second_look_only_asks_whether_it_is_still_the_same(tmp_path: Path):
    async with host(dated(PNG)) as there:
        before = fetched(await look(there.url, tmp_path))
        assert before.etag
        assert await look(there.url, tmp_path, before) is before
        assert [asked.headers.get("If-None-Match") for asked in there.asked] == [None, before.etag]


async def test_a_changed_picture_has_another_digest(tmp_path: Path):
    async with host(dated(PNG)) as there:
        before = fetched(await look(there.url, tmp_path))
    changed = picture("navy")
    async with host(dated(changed)) as there:
        now = fetched(await look(there.url, tmp_path, replace(before, home=there.url)))
        assert there.asked[0].headers["If-None-Match"] == before.etag
    assert (now.digest, now.etag) != (before.digest, before.etag)
    assert len(list(tmp_path.iterdir())) == 2


async def test_without_a_tag_the_date_is_shown_unless_it_is_too_fresh_to_tell(tmp_path: Path):
    async with host(answering(PNG, Last_Modified=LONG_AGO)) as there:
        before = fetched(await look(there.url, tmp_path))
        await look(there.url, tmp_path, before)
        assert (before.modified, there.asked[1].headers["If-Modified-Since"]) == (LONG_AGO, LONG_AGO)
    for word in (formatdate(time.time(), usegmt=True), "yesterday", ""):
        async with host(answering(PNG, Last_Modified=word)) as there:
            before = fetched(await look(there.url, tmp_path))
            assert before.modified == ""
            assert fetched(await look(there.url, tmp_path, before)).digest == before.digest
            assert "If-Modified-Since" not in there.asked[1].headers


@pytest.mark.parametrize("tag", ["ü", "x" * 5000])
async def test_a_tag_that_cannot_be_shown_again_is_not_remembered(tag: str, tmp_path: Path):
    async with raw_host(f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {len(PNG)}\r\n\r\n".encode() + PNG) as url:
        assert fetched(await look(url, tmp_path)).etag == ""


async def test_what_is_remembered_of_another_home_is_not_shown(tmp_path: Path):
    """An address may lead elsewhere today; a tag means something only where it was given."""
    async with host(dated(PNG)) as there:
        before = fetched(await look(f"{there.url}/old", tmp_path))
        assert before.home.endswith("/old")
        assert fetched(await look(f"{there.url}/new", tmp_path, before)).digest == before.digest
        assert "If-None-Match" not in there.asked[1].headers


async def test_a_304_that_nobody_asked_for_is_no_picture(tmp_path: Path):
    async with host(answering(b"", status=304)) as there:
        assert failed(await look(there.url, tmp_path)).gone


def redirecting(to: str, times: int) -> Handler:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        step = int(request.path.strip("/") or 0)
        if step < times:
            return web.Response(status=302, headers={"Location": f"/{step + 1}" if step + 1 < times else to})
        return web.Response(body=PNG, headers={"ETag": '"a"'})

    return handle


async def test_redirects_are_followed_but_not_for_ever(tmp_path: Path):
    async with host(redirecting(f"/{REDIRECTS}", REDIRECTS)) as there:
        seen = fetched(await look(f"{there.url}/", tmp_path))
        assert seen.home == f"{there.url}/{REDIRECTS}"
        again = fetched(await look(f"{there.url}/", tmp_path, seen))
        shown = [asked.headers.get("If-None-Match") for asked in there.asked[REDIRECTS + 1 :]]
        assert shown == [None] * REDIRECTS + ['"a"'], "only who gave the tag is shown it"
        assert again.digest == seen.digest
    async with host(redirecting("/0", 1)) as there:
        assert "too often" in failed(await look(f"{there.url}/0", tmp_path)).why
        assert len(there.asked) == REDIRECTS + 1


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("https://10.0.0.7/a.png", "private address"),
        ("https://169.254.169.254/latest", "private address"),
        ("https://[::1]/a.png", "private address"),
        ("http://frames.example/a.png", "away from https"),
        ("file:///etc/passwd", "away from https"),
    ],
)
async def test_a_redirect_to_where_nobody_may_ask_is_refused(to: str, said: str, tmp_path: Path):
    async with host(redirecting(to, 1)) as there:
        # What stands in for this machine may be asked on loopback, so that name is left out there.
        if "::1" not in to:
            seen = failed(await look(f"{there.url}/", tmp_path))
            assert (said in seen.why, seen.gone) == (True, True), seen
    assert "private" in failed(await look("https://127.0.0.1/a.png", tmp_path, loopback=False)).why
    assert "https" in failed(await look("http://frames.example/a.png", tmp_path)).why


async def test_a_name_that_stands_for_a_private_address_is_refused(tmp_path: Path):
    async with open_remote_images(tmp_path) as looking:
        seen = (await looking.refresh({"https://localhost/a.png": None}))["https://localhost/a.png"]
    assert failed(seen) == RemoteImageFailure(why="it leads to a private address, which is not opened", gone=True)


@pytest.mark.parametrize(
    ("status", "gone", "said"),
    [
        (404, True, "its host answered 404 (Not Found)"),
        (410, True, "its host answered 410 (Gone)"),
        (403, True, "its host answered 403 (Forbidden)"),
        (206, True, "its host answered 206 (Partial Content)"),
        (429, False, "its host answered 429 (Too Many Requests)"),
        (503, False, "its host answered 503 (Service Unavailable)"),
        (599, False, "its host answered 599"),
    ],
)
async def test_what_a_host_answers_instead_is_said(status: int, gone: bool, said: str, tmp_path: Path):
    async with host(answering(PNG, status=status)) as there:
        assert await look(there.url, tmp_path) == RemoteImageFailure(why=said, gone=gone)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>Sign in</title>", "its bytes are not an image, despite its name"),
        (b"", "the file is empty"),
        (picture(kind="GIF"), "it is GIF"),
        (PNG[: len(PNG) // 2], "reading it stopped"),
        (bomb(), "it would unpack to more than 89 million pixels"),
    ],
)
async def test_what_is_no_picture_is_told_and_not_kept(body: bytes, said: str, tmp_path: Path):
    async with host(answering(body, Content_Type="image/png")) as there:
        seen = failed(await look(f"{there.url}/a.png", tmp_path))
    assert seen.why.startswith(said)
    assert seen.gone
    assert str(tmp_path) not in seen.why
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_file_is_left_where_it_is(chunked: bool, tmp_path: Path):
    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = 3 * 1024**2
        await response.prepare(request)
        try:
            for _ in range(48):
                await response.write(b"\xff" * 65536)
        except ConnectionError:
            pass
        return response

    async with host(endless) as there:
        seen = failed(await look(there.url, tmp_path, largest=1_000_000))
    assert seen == RemoteImageFailure(why="it has 1 MB or more; gateways take less than that", gone=True)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_packed_small_and_unpacks_huge_is_no_way_around_the_limit(tmp_path: Path):
    packed = zlib.compress(b"\0" * (8 * 1024**2))
    async with host(answering(packed, Content_Encoding="deflate")) as there:
        assert "1 MB or more" in failed(await look(there.url, tmp_path, largest=1_000_000)).why
        assert there.asked[0].headers["Accept-Encoding"] == "identity"


async def test_a_host_that_dribbles_is_given_up(tmp_path: Path):
    async with raw_host(silent=True) as url:
        assert failed(await look(url, tmp_path, seconds=0.05)) == RemoteImageFailure(
            why="no whole image came within 0.05 s"
        )
    over = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(PNG[:20])
        await over.wait()
        return response

    async with host(slow) as there:
        assert "within" in failed(await look(there.url, tmp_path, seconds=0.05)).why
        over.set()
    assert list(tmp_path.iterdir()) == []


async def test_who_cannot_be_reached_is_not_gone(tmp_path: Path):
    for address in (nobody(), "https://nowhere.invalid/a.png"):
        assert not failed(await look(address, tmp_path)).gone
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PNG)}\r\n\r\n".encode()
    async with raw_host(head + PNG[:50]) as url:
        assert await look(url, tmp_path) == RemoteImageFailure(why="the connection broke off")
    async with raw_host(b"no TLS here", hasty=True) as url:
        assert not failed(await look(url.replace("http:", "https:"), tmp_path)).gone
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["https://", "https://[", "https://a.example:x/", "https://" + "a" * 300 + ".example"]
)
async def test_what_is_no_address_says_so(address: str, tmp_path: Path):
    assert failed(await look(address, tmp_path)).why


async def test_no_more_than_a_few_are_asked_at_once_and_all_are_answered(tmp_path: Path):
    now, most = 0, 0

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        return web.Response(body=PNG) if request.path != "/7" else web.Response(status=404)

    async with host(handle) as there, frames(tmp_path) as looking:
        addresses = [f"{there.url}/{number}" for number in range(30)]
        seen = await looking.refresh(dict.fromkeys(addresses))
    assert list(seen) == addresses
    assert [address for address in addresses if isinstance(seen[address], RemoteImageFailure)] == [addresses[7]]
    assert 1 < most <= AT_ONCE
    assert len(list(tmp_path.iterdir())) == 1, "the same bytes are kept once"


async def test_no_cookie_is_kept_and_no_name_of_ours_is_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drivers_web_frames, "PublicResolver", lambda **_: PublicResolver(loopback=True))
    monkeypatch.setattr(drivers_web_frames, "HostPolicy", lambda **_: HostPolicy(loopback=True))
    async with host(answering(PNG, Set_Cookie="a=b")) as there, open_remote_images(tmp_path) as looking:
        for _ in range(2):
            await looking.refresh({there.url: None})
        assert not any({"Cookie", "Authorization"} & asked.headers.keys() for asked in there.asked)


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "frames").write_text("a file where the folder should be")
    async with host(answering(PNG)) as there:
        seen = failed(await look(there.url, tmp_path / "frames"))
    assert seen.why.startswith("the image cannot be stored on this machine: ")
    assert not seen.gone


async def test_half_pictures_of_a_killed_command_are_swept(tmp_path: Path):
    for name, age in (("incoming-1-a", 7200), ("incoming-2-b", 0), ("ab" * 32, 7200)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    async with frames(tmp_path) as looking:
        await looking.refresh({})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ab" * 32, "incoming-2-b"]
