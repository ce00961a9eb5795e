"""The review page's server over real HTTP on loopback: who may enter, what is served, and what a decision needs."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from review_samples import CLIP, DIGEST, Visit, visiting

from hailuo_batch.drivers import review_server
from hailuo_batch.drivers.review_access import MOST_TRIES, TRIES_SECONDS


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    async with visiting(tmp_path) as found:
        yield found


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Visit]:
    """A read-only server behind a password."""
    async with visiting(tmp_path, password="a long password", writes=False) as found:
        yield found


PLACES = ("/", "/shot?id=open", "/events", f"/clips/{DIGEST}.mp4", f"/stills/{DIGEST}.jpg", "/nothing")


async def test_nothing_is_shown_without_the_token(visit: Visit) -> None:
    for place in (*PLACES, "/?token=", f"/?token={visit.access.token[:-1]}", "/?token=%00%FF"):
        status, text = await visit.get(place)
        assert status == 403, place
        assert visit.access.token not in text
    assert (await visit.decide())[0] == 403
    assert visit.content.decided == []


async def test_the_token_opens_a_session_that_the_address_no_longer_shows(visit: Visit) -> None:
    async with visit.client.get(visit.server.url) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert visit.access.token not in await answer.text()
    assert visit.access.token not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    assert str(visit.server.address.port) in cookie.split("=")[0]
    assert (await visit.get("/"))[0] == 200


async def test_secrets_of_an_earlier_server_open_nothing(visit: Visit, tmp_path: Path) -> None:
    await visit.enter()
    async with visiting(tmp_path) as other:
        cookie = f"hailuo_review_{other.server.address.port}={visit.access.session}"
        assert (await other.get("/", Cookie=cookie))[0] == 403
        assert (await other.get(f"/?token={visit.access.token}"))[0] == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ":", ""],
)
async def test_another_name_for_this_address_is_refused(visit: Visit, host: str) -> None:
    """DNS rebinding: a page of evil.example has its own name led to this machine."""
    await visit.enter()
    named = host.format(port=visit.server.address.port)
    for place in (*PLACES, f"/?token={visit.access.token}"):
        assert (await visit.get(place, Host=named))[0] == 421, place


async def test_loopback_has_three_names(visit: Visit) -> None:
    await visit.enter()
    port = visit.server.address.port
    for name in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
        cookie = f"hailuo_review_{port}={visit.access.session}"
        assert (await visit.get("/", Host=name, Cookie=cookie))[0] == 200, name


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"X_Review": ""},
        {"X_Review": "wrong"},
        {"Content_Type": "text/plain"},
    ],
    ids=str,
)
async def test_a_decision_of_another_page_is_refused(visit: Visit, headers: dict[str, str]) -> None:
    await visit.enter()
    assert (await visit.decide(**headers))[0] in {403, 415}
    assert visit.content.decided == []


async def test_another_page_reads_nothing(visit: Visit) -> None:
    await visit.enter()
    for headers in (
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
    ):
        for place in PLACES:
            assert (await visit.get(place, **headers))[0] == 403, (place, headers)
    own = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "no-cors"}
    assert (await visit.get(f"/clips/{DIGEST}.mp4", **own))[0] == 200


async def test_a_decision_is_carried_out_once_however_often_it_is_sent(visit: Visit) -> None:
    """Money: a retake that a browser sends again would buy a second take."""
    await visit.enter()
    visit.content.slow = asyncio.Event()
    first, second = (asyncio.create_task(visit.decide(once="retake-1")) for _ in range(2))
    visit.content.slow.set()
    assert await first == await second == await visit.decide(once="retake-1") == (200, '{"said": "done"}')
    assert len(visit.content.decided) == 1
    await visit.decide(once="retake-2")
    assert len(visit.content.decided) == 2


async def test_what_is_no_decision_is_refused(visit: Visit) -> None:
    await visit.enter()
    own = {"X_Review": visit.access.form_key, "Content_Type": "application/json"}
    for body in (b"", b"{", b"[]", b"{}", b'{"once": 7}', b'{"once": "short"}', b"[" * 60_000, b"9" * 5000):
        assert (await visit.post("/decide", {"data": body}, **own))[0] == 400, body[:20]
    assert (await visit.post("/decide", {"data": b" " * 100_000}, **own))[0] == 413
    assert visit.content.decided == []


async def test_a_decision_that_cannot_be_carried_out_says_why(visit: Visit) -> None:
    await visit.enter()
    answer = '{"error": "no such take", "why": "It is not there.", "remedy": "Reload."}'
    assert await visit.decide(do="fail") == (409, answer)


@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        (None, 200, 0, None),
        ("bytes=0-", 206, 0, None),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=-50", 206, -50, None),
        ("bytes=10000-99999", 206, 10000, None),
        ("bytes=99999-", 416, 0, 0),
    ],
)
async def test_a_part_of_a_clip_is_served(
    visit: Visit, asked: str | None, status: int, begin: int, end: int | None
) -> None:
    """Without this a browser cannot seek."""
    await visit.enter()
    headers = {} if asked is None else {"Range": asked}
    async with visit.client.get(f"{visit.base}/clips/{DIGEST}.mp4", headers=headers) as answer:
        assert answer.status == status
        body = await answer.read()
        if status != 416:
            assert body == CLIP[begin:end]
            assert answer.headers["Content-Type"] == "video/mp4"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if status == 206:
            first = begin % len(CLIP)
            assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(CLIP)}"


@pytest.mark.parametrize(
    "path",
    [
        f"/clips/{'cd' * 32}.mp4",
        f"/clips/{DIGEST}",
        f"/clips/{DIGEST}.jpg",
        f"/clips/{DIGEST.upper()}.mp4",
        "/clips/clip.mp4",
        "/clips/../clip.mp4",
        "/clips/..%2f..%2fetc/passwd",
        f"/clips/{DIGEST}.mp4/../../clip.mp4",
        f"/clips/%2e%2e/{DIGEST}.mp4",
        f"/stills/{DIGEST}_other.jpg",
        "//etc/passwd",
        "/.hailuo/ledger.db",
    ],
)
async def test_only_clips_and_stills_of_the_page_have_an_address(visit: Visit, path: str) -> None:
    await visit.enter()
    reader, writer = await asyncio.open_connection("127.0.0.1", visit.server.address.port)
    cookie = f"hailuo_review_{visit.server.address.port}={visit.access.session}"
    head = f"GET {path} HTTP/1.1\r\nHost: {visit.server.address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
    writer.close()


async def test_only_get_and_post_are_known(visit: Visit) -> None:
    await visit.enter()
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
        for place in ("/", "/events", "/decide"):
            sent = {"Origin": visit.base}
            async with visit.client.request(method, f"{visit.base}{place}", headers=sent) as answer:
                assert answer.status == 404, (method, place)


async def test_every_answer_is_closed_to_other_pages(visit: Visit) -> None:
    for place in ("/", visit.server.url.removeprefix(visit.base), *PLACES[:2], *PLACES[3:]):
        async with visit.client.get(f"{visit.base}{place}") as answer:
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            if not place.startswith("/clips"):
                assert answer.headers["Cache-Control"] == "no-store"
                assert "default-src" in answer.headers["Content-Security-Policy"]


# News.


async def next_id(answer: aiohttp.ClientResponse) -> str:
    async with asyncio.timeout(30):
        while True:
            line = (await answer.content.readline()).decode()
            assert line, "the stream ended"
            if line.startswith("id: "):
                return line.removeprefix("id: ").strip()


async def test_two_clients_hear_the_same_and_one_that_comes_back_misses_nothing(visit: Visit) -> None:
    await visit.enter()
    first, second = await visit.listen(), await visit.listen()
    assert [await next_id(first), await next_id(second)] == ["0", "0"]
    await visit.content.tell()
    assert [await next_id(first), await next_id(second)] == ["1", "1"]
    second.close()
    await visit.content.tell()
    assert await next_id(first) == "2"
    again = await visit.listen(Last_Event_ID="1")
    assert await next_id(again) == "2"


async def test_a_client_that_left_is_noticed(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_server, "HEARTBEAT_SECONDS", 0.01)
    await visit.enter()
    answer = await visit.listen()
    await next_id(answer)
    assert answer.connection is not None
    transport = answer.connection.transport
    assert transport is not None
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    async with asyncio.timeout(30):
        while visit.server._streams:
            await asyncio.sleep(0.001)


async def test_a_client_that_takes_nothing_is_left_and_holds_nobody_up(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_server, "SLOW_SECONDS", 0.05)
    await visit.enter()
    quick = await visit.listen()
    address = urlsplit(visit.base)
    _, writer = await asyncio.open_connection(address.hostname, address.port, limit=1024)
    cookie = f"hailuo_review_{address.port}={visit.access.session}"
    writer.write(f"GET /events HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
    visit.content.size = 8_000_000
    async with asyncio.timeout(60):
        while len(visit.server._streams) < 2:
            await asyncio.sleep(0.001)
        while len(visit.server._streams) == 2:
            await visit.content.tell()
            await drain(quick)
    writer.close()


async def drain(answer: aiohttp.ClientResponse) -> None:
    """Reads one piece of news, however large."""
    data = b""
    while not data.endswith(b"\n\n"):
        data = data[-1:] + await answer.content.readany()


async def test_the_server_ends_at_once_though_clients_listen(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visit:
        await visit.enter()
        answer = await visit.listen()
        await next_id(answer)
        async with asyncio.timeout(0.9):  # not the second that answers on their way would have
            await visit.server.__aexit__()


# A client on the network.


async def sign_in(guest: Visit, password: str) -> int:
    return (await guest.post("/enter", {"data": {"password": password}}))[0]


async def test_a_guest_enters_by_the_password_and_decides_nothing(guest: Visit) -> None:
    assert guest.server.url.endswith(f":{guest.server.address.port}/"), "no token: the password is all it needs"
    assert await guest.get("/") == (200, "<title>entrance</title>")
    assert (await guest.get("/?token="))[0] == 403
    assert (await guest.get(f"/clips/{DIGEST}.mp4"))[0] == 403
    assert await sign_in(guest, "a wrong password") == 403
    assert await sign_in(guest, "") == 403
    assert (await guest.get("/shot?id=open"))[0] == 403
    assert await sign_in(guest, "a long password") == 303
    assert await guest.get("/") == (200, "<title>page</title>"), "no key for decisions"
    assert (await guest.decide())[0] == 403
    assert guest.content.decided == []


async def test_a_password_from_another_page_is_not_tried(guest: Visit) -> None:
    data = {"data": {"password": "a long password"}}
    assert (await guest.post("/enter", data, Origin="http://evil.example"))[0] == 403


async def test_only_so_many_wrong_passwords_are_tried(guest: Visit) -> None:
    for _ in range(MOST_TRIES):
        assert await sign_in(guest, "guess") == 403
    assert await sign_in(guest, "a long password") == 429, "the right one waits too: nothing says which it was"
    guest.clock.seconds += TRIES_SECONDS + 1
    assert await sign_in(guest, "a long password") == 303


async def test_a_guest_comes_by_a_number_or_a_name_of_this_machine(tmp_path: Path) -> None:
    async with visiting(tmp_path, host="0.0.0.0", password="a long password", writes=False) as guest:  # noqa: S104 - what is tried
        port, name = guest.server.address.port, socket.gethostname()
        assert guest.server.url == f"http://{name}:{port}/", "what a browser can open"
        base = f"http://127.0.0.1:{port}/"
        for host, status in ((f"{name}:{port}", 200), (f"192.0.2.7:{port}", 200), (f"evil.example:{port}", 421)):
            async with guest.client.get(base, headers={"Host": host}) as answer:
                assert answer.status == status, host
