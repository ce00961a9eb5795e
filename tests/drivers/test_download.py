"""A clip's way home over real loopback HTTP: what is asked at all, and what is taken for a whole file."""

import asyncio
import errno
import gzip
import os
import socket
import sys
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from driver_samples import Pauses, answering, downloads, host, nobody, raw_host, session_of
from yarl import URL

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.drivers import download as room
from hailuo_batch.drivers.public_hosts import HostPolicy, PrivateAddressError, PublicResolver
from hailuo_batch.files.regular import open_regular
from hailuo_batch.testing.clips import CLIP

OPEN = "hailuo_batch.drivers.download.open_regular"
PRIVATE = (
    "10.0.0.7", "127.0.0.1", "0.0.0.0",  # noqa: S104 - to be refused
    "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.7]", "[::]",
)  # fmt: skip


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


async def fetched(link: str, target: Path, **how: Any) -> Failure | None:
    async with downloads(**how) as found:
        failure = await found.download(link, target)
    if failure is not None:
        for secret in ("sig=", "secret", "/clips"):
            assert secret not in failure.why + failure.remedy, "a link is a secret"
    return failure


async def kind_of(link: str, target: Path, **how: Any) -> FailureKind | None:
    failure = await fetched(link, target, **how)
    return None if failure is None else failure.kind


async def test_a_clip_comes_home_without_any_key_and_its_link_is_sent_letter_by_letter(target: Path):
    link = "/clips/a%20b.mp4?sig=a%2Fb%2Bc%3D&x=1+2"
    async with host(answering(CLIP, Set_Cookie="a=1")) as cdn:
        assert await fetched(cdn.url + link, target) is None
    assert target.read_bytes() == CLIP
    assert [asked.path for asked in cdn.asked] == [link]
    assert not {"Authorization", "Cookie"} & set(cdn.asked[0].headers)


async def test_a_link_with_letters_that_no_request_can_carry_is_escaped(target: Path):
    async with host(answering(CLIP)) as cdn:
        assert await fetched(f" {cdn.url}/视频 1.mp4\n", target) is None
    assert cdn.asked[0].path == "/%E8%A7%86%E9%A2%91%201.mp4"


@pytest.mark.parametrize(
    "link",
    ["http://cdn.example/clip.mp4", "ftp://cdn.example/clip.mp4", "file:///etc/passwd", "/clips/a.mp4", "", "data:,x"],
)
async def test_only_https_is_spoken(link: str, target: Path, monkeypatch: pytest.MonkeyPatch):
    await _never_asked(link, target, monkeypatch, loopback=True)


async def test_http_on_loopback_is_for_the_mock_only(target: Path, monkeypatch: pytest.MonkeyPatch):
    await _never_asked("http://127.0.0.1:1/clip.mp4", target, monkeypatch, loopback=False)


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_private_address_is_not_asked(address: str, target: Path, monkeypatch: pytest.MonkeyPatch):
    await _never_asked(f"https://{address}/clips/a.mp4?sig=1", target, monkeypatch, loopback=False)


async def _never_asked(link: str, target: Path, monkeypatch: pytest.MonkeyPatch, *, loopback: bool) -> None:
    async with downloads(loopback=loopback) as found:
        monkeypatch.setattr(session_of(found), "get", None, raising=False)
        failure = await found.download(link, target)
    assert failure is not None
    assert failure.kind is FailureKind.CORRUPT
    assert not target.exists()


@pytest.mark.parametrize("name", ["127.1", "2130706433", "0x7f000001", "017700000001"])
async def test_a_loopback_address_in_disguise_is_not_asked(name: str, target: Path):
    assert await kind_of(f"https://{name}/clip.mp4", target, loopback=False) is FailureKind.CORRUPT


async def test_a_name_that_stands_for_a_private_address_is_not_asked(target: Path, monkeypatch: pytest.MonkeyPatch):
    _names(monkeypatch, "10.0.0.7")
    pauses = Pauses()
    failure = await fetched("https://cdn.example/clip.mp4", target, loopback=False, pauses=pauses)
    assert failure is not None
    assert (failure.kind, failure.why) == (
        FailureKind.CORRUPT,
        "the gateway's link leads to a private address, which is not opened",
    )
    assert pauses == []


async def test_an_address_that_a_proxy_makes_up_has_a_setting_of_its_own(target: Path, monkeypatch: pytest.MonkeyPatch):
    _names(monkeypatch, "198.18.0.5")
    failure = await fetched("https://cdn.example/clip.mp4", target, loopback=False)
    assert failure is not None
    assert "198.18.0.5" in failure.why
    assert "allow_fake_ip_downloads: true" in failure.remedy
    assert [each["host"] for each in await PublicResolver(allow_fake=True).resolve("cdn.example", 443)] == [
        "198.18.0.5"
    ]
    assert await kind_of("https://198.18.0.5/clip.mp4", target, loopback=False) is FailureKind.CORRUPT
    _names(monkeypatch, "10.0.0.7")
    with pytest.raises(PrivateAddressError):
        await PublicResolver(allow_fake=True).resolve("cdn.example", 443)


async def test_of_several_addresses_only_the_public_ones_are_used(monkeypatch: pytest.MonkeyPatch):
    _names(monkeypatch, "10.0.0.7", "93.184.216.34", "::1", "127.0.0.1")
    resolver = PublicResolver()
    assert [each["host"] for each in await resolver.resolve("cdn.example", 443)] == ["93.184.216.34"]
    loopback = await PublicResolver(loopback=True).resolve("cdn.example", 443)
    assert [each["host"] for each in loopback] == ["93.184.216.34", "::1", "127.0.0.1"]
    _names(monkeypatch, "fe80::1")
    with pytest.raises(PrivateAddressError):
        await resolver.resolve("cdn.example", 443)
    await resolver.close()


@pytest.mark.parametrize(
    "address",
    ["::ffff:10.0.0.7", "64:ff9b::a00:7", "64:ff9b::7f00:1", "2002:a00:7::1", "2002:7f00:1::", "2001:0:a00:7::", "::1"],
)
async def test_a_private_address_inside_another_is_not_connected_to(address: str, monkeypatch: pytest.MonkeyPatch):
    _names(monkeypatch, address)
    with pytest.raises(PrivateAddressError):
        await PublicResolver().resolve("cdn.example", 443)


async def test_what_the_resolver_answered_is_what_is_connected_to(target: Path, monkeypatch: pytest.MonkeyPatch):
    """A name that stands for a public address when it is looked at cannot stand for another when it is called."""
    answers, connected = [["93.184.216.34"], ["10.0.0.7"], ["93.184.216.35", "127.0.0.1"], ["::1"]], []

    async def resolve(self: object, name: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return _rows(name, port, answers.pop(0))

    async def connect(_: object, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    monkeypatch.setattr(room, "TRIES", 1)
    async with downloads(loopback=False) as found:
        kinds = []
        for number in range(4):
            failure = await found.download(f"https://cdn{number}.example/clip.mp4", target)
            assert failure is not None
            kinds.append(failure.kind)
    assert connected == ["93.184.216.34", "93.184.216.35"]
    assert kinds == [FailureKind.FLAKY, FailureKind.CORRUPT, FailureKind.FLAKY, FailureKind.CORRUPT]


async def test_a_redirect_to_a_name_that_stands_for_a_private_address_is_not_followed(
    target: Path, monkeypatch: pytest.MonkeyPatch
):
    _names(monkeypatch, "192.168.1.1")
    async with host(answering("", 302, Location="https://cdn.example/clip.mp4?sig=1")) as cdn:
        assert await kind_of(f"{cdn.url}/a", target) is FailureKind.CORRUPT
    assert len(cdn.asked) == 1


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.1", "fd00::1", "169.254.1.1", "127.0.0.1"])
async def test_a_project_may_allow_the_network_it_stands_in(address: str, monkeypatch: pytest.MonkeyPatch):
    _names(monkeypatch, address)
    assert await PublicResolver(allow_private=True).resolve("cdn.example", 443)
    reach = HostPolicy(private=True)
    shown = f"[{address}]" if ":" in address else address
    assert reach.refusal(URL(f"https://{shown}/a")) is None
    refused = reach.refusal(URL(f"http://{shown}/a"))
    assert (refused is None) == (address == "127.0.0.1"), "http is spoken on this machine only"


@pytest.mark.parametrize("address", ["224.0.0.1", "0.0.0.0", "::", "ff02::1"])  # noqa: S104 - to be refused
def test_what_is_no_host_at_all_is_never_asked(address: str):
    assert not HostPolicy(loopback=True, private=True).may_connect(address)


def _names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def resolve(self: object, name: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return _rows(name, port, addresses)

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)


def _rows(name: str, port: int, addresses: Sequence[str]) -> list[dict[str, Any]]:
    families = {True: socket.AF_INET6, False: socket.AF_INET}
    return [
        {"hostname": name, "host": each, "port": port, "family": families[":" in each], "proto": 0, "flags": 0}
        for each in addresses
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://", "https://[", "https://a:99999/", "https://a..b/", "https://\x00/", "https://" + "a" * 300 + "/",
        "https://xn--\x80/", "https://user:secret@/x", "https://%zz/", "http://127.0.0.1:x/",
    ],
)  # fmt: skip
async def test_a_link_that_is_no_address_is_a_failure_and_no_crash(link: str, target: Path):
    assert await kind_of(link, target) in {FailureKind.CORRUPT, FailureKind.FLAKY}


async def test_a_redirect_to_another_host_is_followed_without_a_key(target: Path):
    async with host(answering(CLIP)) as other:
        signed = other.url.replace("127.0.0.1", "localhost") + "/b?sig=a%2Fb"
        async with host(answering("", 302, Location=signed)) as cdn:
            assert await fetched(f"{cdn.url}/a", target) is None
    assert target.read_bytes() == CLIP
    assert other.asked[0].path == "/b?sig=a%2Fb"
    assert not any("Authorization" in asked.headers for asked in (*cdn.asked, *other.asked))


async def test_a_redirect_within_the_host_is_followed(target: Path):
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        moved = {"/old/a.mp4": "../new/a.mp4"}.get(request.raw_path)
        return web.Response(status=307, headers={"Location": moved}) if moved else web.Response(body=CLIP)

    async with host(handle) as cdn:
        assert await fetched(f"{cdn.url}/old/a.mp4", target) is None
    assert cdn.asked[1].path == "/new/a.mp4"


@pytest.mark.parametrize("to", ["http://93.184.216.34/a", "https://10.0.0.7/a", "file:///etc/passwd", "https://["])
async def test_a_redirect_to_where_no_link_may_lead_is_refused(to: str, target: Path):
    async with host(answering("", 302, Location=to)) as cdn:
        assert await kind_of(f"{cdn.url}/a", target) is FailureKind.CORRUPT
    assert len(cdn.asked) == 1
    assert not target.exists()


async def test_redirects_have_an_end(target: Path):
    async with host(answering("", 302, Location="/a")) as cdn:
        assert await kind_of(f"{cdn.url}/a", target) is FailureKind.CORRUPT
    assert len(cdn.asked) == room.REDIRECTS


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_dead_link_is_not_tried_again(status: int, target: Path):
    pauses = Pauses()
    async with host(answering("gone", status)) as cdn:
        assert await kind_of(cdn.url, target, pauses=pauses) is FailureKind.EXPIRED
    assert (len(cdn.asked), pauses) == (1, [])


@pytest.mark.parametrize("status", [202, 204, 206, 400, 416, 429, 500, 503])
async def test_a_host_that_does_not_give_the_clip_now_is_asked_again_after_growing_pauses(status: int, target: Path):
    pauses = Pauses()
    async with host(answering(b"" if status == 204 else b"later", status)) as cdn:
        assert await kind_of(cdn.url, target, pauses=pauses) is FailureKind.FLAKY
    assert len(cdn.asked) == room.TRIES
    assert pauses == [1.0, 2.0, 4.0]


async def test_a_download_that_breaks_once_is_begun_anew(target: Path):
    count = 0

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal count
        count += 1
        if count > 1:
            return web.Response(body=CLIP)
        response = web.StreamResponse(headers={"Content-Length": str(len(CLIP))})
        await response.prepare(request)
        await response.write(CLIP[:500])
        assert request.transport
        request.transport.abort()
        return response

    async with host(handle) as cdn:
        assert await fetched(cdn.url, target) is None
    assert target.read_bytes() == CLIP


@pytest.mark.parametrize("cut", [0, 1, 100, len(CLIP) - 1])
async def test_a_body_that_is_shorter_than_promised_is_no_clip(cut: int, target: Path):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CLIP)}\r\n\r\n".encode()
    async with raw_host(head + CLIP[:cut]) as url:
        assert await kind_of(url, target) is FailureKind.FLAKY


async def test_a_body_in_chunks_that_breaks_off_is_no_clip(target: Path):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with raw_host(head + b"%x\r\n" % 500 + CLIP[:500] + b"\r\n") as url:
        assert await kind_of(url, target) is FailureKind.FLAKY


async def test_an_unreachable_host_is_tried_again(target: Path):
    pauses = Pauses()
    assert await kind_of(nobody(), target, pauses=pauses) is FailureKind.FLAKY
    assert len(pauses) == room.TRIES - 1


async def test_a_host_that_falls_silent_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hailuo_batch.drivers.transport.STALLED_SECONDS", 0.05)
    async with raw_host(silent=True) as url:
        assert await kind_of(url, target) is FailureKind.FLAKY


async def test_a_body_that_came_compressed_is_not_taken_for_a_cut_one(target: Path):
    async with host(answering(gzip.compress(CLIP), Content_Encoding="gzip")) as cdn:
        assert await fetched(cdn.url, target) is None
    assert target.read_bytes() == CLIP
    assert cdn.asked[0].headers["Accept-Encoding"] == "identity"


async def test_a_clip_that_is_said_to_be_huge_is_not_begun(target: Path):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {room.LARGEST + 1}\r\n\r\n".encode()
    async with raw_host(head + CLIP) as url:
        assert await kind_of(url, target) is FailureKind.CORRUPT
    assert not target.exists()


async def test_a_body_without_an_end_is_left_at_the_limit(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "LARGEST", 1_000_000)

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(100_000))
            await asyncio.sleep(0)

    async with host(endless) as cdn:
        assert await kind_of(cdn.url, target) is FailureKind.CORRUPT
    assert target.stat().st_size <= 1_000_000


@pytest.mark.parametrize(
    ("status", "header", "pauses"),
    [
        (429, "7", [7.0, 7.0, 7.0]),
        (503, "3", [3.0, 3.0, 4.0]),
        (503, "0", [1.0, 2.0, 4.0]),
        (503, "3600", [30.0, 30.0, 30.0]),
        (503, "soon", [1.0, 2.0, 4.0]),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", [1.0, 2.0, 4.0]),
    ],
)
async def test_a_busy_host_is_given_the_time_it_asks_for_within_reason(
    status: int, header: str, pauses: list[float], target: Path
):
    waited = Pauses()
    async with host(answering("later", status, Retry_After=header)) as cdn:
        assert await kind_of(cdn.url, target, pauses=waited) is FailureKind.FLAKY
    assert waited == pauses


@pytest.mark.parametrize(
    "kind",
    [
        "text/html; charset=utf-8", "text/plain", "application/json", "application/xml", "text/xml",
        "application/problem+json", "application/xhtml+xml", "image/svg+xml",
    ],
)  # fmt: skip
async def test_a_page_in_the_place_of_a_clip_is_said_to_be_one_and_not_tried_again(kind: str, target: Path):
    pauses = Pauses()
    async with host(answering(b'{"error": "no"}', Content_Type=kind)) as cdn:
        failure = await fetched(cdn.url, target, pauses=pauses)
    assert failure is not None
    assert failure.kind is FailureKind.CORRUPT
    assert failure.why == f"the link leads to a page ({kind.partition(';')[0]}), not to a clip"
    assert (len(cdn.asked), pauses, target.exists()) == (1, [], False)


@pytest.mark.parametrize(
    "kind", ["video/mp4", "application/octet-stream", "binary/octet-stream", "application/mp4", "audio/mp4", "x", ""]
)
async def test_any_other_type_may_be_a_clip(kind: str, target: Path):
    head = f"HTTP/1.1 200 OK\r\n{f'Content-Type: {kind}' if kind else 'X: y'}\r\nContent-Length: {len(CLIP)}\r\n\r\n"
    async with raw_host(head.encode() + CLIP) as url:
        assert await fetched(url, target) is None
    assert target.read_bytes() == CLIP


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/full")
async def test_a_full_disk_is_said_to_be_one_and_not_tried_again(target: Path, monkeypatch: pytest.MonkeyPatch):
    pauses = Pauses()
    monkeypatch.setattr(OPEN, lambda *_, **__: FileIO("/dev/full", "r+"))
    async with host(answering(CLIP)) as cdn:
        failure = await fetched(cdn.url, target, pauses=pauses)
    assert failure is not None
    assert (failure.kind, len(cdn.asked), pauses) == (FailureKind.NO_ROOM, 1, [])
    assert failure.why == "the clip could not be written: the disk is full"
    assert "not bought" in failure.remedy


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "no permission to write here"),
    ],
)
async def test_what_another_try_does_not_mend_on_this_machine_is_not_tried_again(
    number: int, words: str, target: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    async with host(answering(CLIP)) as cdn:
        monkeypatch.setattr(OPEN, refuse)
        failure = await fetched(cdn.url, target)
    assert failure is not None
    assert (failure.kind, len(cdn.asked)) == (FailureKind.NO_ROOM, 1)
    assert failure.why.endswith(words)


async def test_a_disk_that_failed_once_is_given_the_whole_file_again(target: Path, monkeypatch: pytest.MonkeyPatch):
    real, times = open_regular, 0

    def stumble(*given: Any, **named: Any) -> Any:
        nonlocal times
        times += 1
        if times == 1:
            raise OSError(errno.EIO, "Input/output error")
        return real(*given, **named)

    async with host(answering(CLIP, ETag='"a"')) as cdn:
        monkeypatch.setattr(OPEN, stumble)
        assert await fetched(cdn.url, target) is None
    assert target.read_bytes() == CLIP
    assert "Range" not in cdn.asked[1].headers


async def test_a_folder_that_is_gone_is_a_failure_and_no_crash(target: Path):
    async with host(answering(CLIP)) as cdn:
        failure = await fetched(cdn.url, target / "gone" / "clip.mp4")
    assert failure is not None
    assert failure.why.startswith("the clip could not be written: ")


async def test_only_so_many_are_fetched_at_once(tmp_path: Path):
    busy, most = 0, 0

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal busy, most
        busy += 1
        most = max(busy, most)
        await asyncio.sleep(0.01)
        busy -= 1
        return web.Response(body=CLIP)

    async with host(handle) as cdn, downloads(at_once=3) as found:
        failures = await asyncio.gather(*(found.download(cdn.url, tmp_path / f"{number}") for number in range(12)))
    assert failures == [None] * 12
    assert most == 3
