"""The proxy that the environment names: what goes through it, what never does, and what a failing one is called."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driver_samples import KEY, answering, downloads, host, nobody, wire
from yarl import URL

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.drivers.proxy import describe_proxy, find_proxy, refuse_private_name
from hailuo_batch.drivers.public_hosts import HostPolicy
from hailuo_batch.drivers.remote_frames import open_remote_images
from hailuo_batch.gateways.dialect import Call, Reply

PAID = Call(method="POST", path="/v1/make", query={}, body={"prompt": "a kite"}, paid=True)
READ = Call(method="GET", path="/v1/tasks/7", query={})


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@asynccontextmanager
async def refusing_proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """A proxy on loopback that answers 502, and the heads of what reached it."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:sesame@127.0.0.1:{port}")
        yield heads


async def test_calls_downloads_and_images_go_through_the_proxy_and_the_key_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    async with refusing_proxy(monkeypatch) as heads:
        async with wire("https://api.gateway.invalid") as transport:
            bought, read = await transport.send_call(PAID), await transport.send_call(READ)
        async with downloads() as downloader:
            lost = await downloader.download("https://cdn.gateway.invalid/clip.mp4", tmp_path / "clip.mp4")
        async with open_remote_images(tmp_path) as images:
            await images.refresh({"https://images.invalid/a.png": None})
    assert [head.split("\r\n")[0] for head in heads] == [
        *2 * ["CONNECT api.gateway.invalid:443 HTTP/1.1"],
        *4 * ["CONNECT cdn.gateway.invalid:443 HTTP/1.1"],
        "CONNECT images.invalid:443 HTTP/1.1",
    ]
    assert KEY not in "".join(heads)
    assert isinstance(bought, Failure)
    assert isinstance(read, Failure)
    assert isinstance(lost, Failure)
    assert (bought.kind, read.kind, lost.kind) == (FailureKind.NOT_SENT, FailureKind.FLAKY, FailureKind.FLAKY)
    for failure in (bought, read, lost):
        assert "the proxy (HTTPS_PROXY) answered 502" in failure.why
        assert "sesame" not in failure.why


async def test_a_gateway_on_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", nobody())
    monkeypatch.setenv("HTTP_PROXY", nobody())
    async with host(answering("{}")) as gateway, wire(gateway.url) as transport:
        assert isinstance(await transport.send_call(PAID), Reply)


@pytest.mark.parametrize(
    ("variables", "link", "proxy"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p.corp:3128"}, "https://a.example", "http://p.corp:3128"),
        ({"https_proxy": "p.corp:3128"}, "https://a.example", "http://p.corp:3128"),
        ({"ALL_PROXY": "http://p.corp:3128"}, "https://a.example", "http://p.corp:3128"),
        ({"HTTP_PROXY": "http://p.corp:3128"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p.corp:3128", "NO_PROXY": ".example"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p.corp:3128", "NO_PROXY": "b.example"}, "https://a.example", "http://p.corp:3128"),
        ({"HTTPS_PROXY": "http://p.corp:3128"}, "https://localhost:8443", None),
        ({"HTTPS_PROXY": "http://p.corp:3128"}, "https://[::1]:8443", None),
        ({"ALL_PROXY": "http://p.corp:3128"}, "http://a.example", None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], link: str, proxy: str | None
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = find_proxy(URL(link))
    assert (None if found is None else str(found)) == proxy


async def test_a_proxy_of_another_kind_sends_nothing_and_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:sesame@127.0.0.1:1080")
    async with wire("https://api.gateway.invalid") as transport:
        bought = await transport.send_call(PAID)
    async with downloads() as downloader:
        lost = await downloader.download("https://cdn.gateway.invalid/clip.mp4", tmp_path / "clip.mp4")
    for failure in (bought, lost):
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.NOT_SENT
        assert failure.why == "HTTPS_PROXY is of the kind socks5, which is not supported"


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """A host whose certificate nobody knows."""
    if (tool := shutil.which("openssl")) is None:
        pytest.skip("there is no openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run([tool, *words.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_a_certificate_that_cannot_be_trusted_is_tried_once(own_certificate: ssl.SSLContext, tmp_path: Path):
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=own_certificate) as server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with wire(address) as transport:
            bought, read = await transport.send_call(PAID), await transport.send_call(READ)
        async with downloads() as downloader:
            lost = await downloader.download(f"{address}/clip.mp4", tmp_path / "clip.mp4")
    for failure in (bought, read, lost):
        assert isinstance(failure, Failure)
        assert "certificate" in failure.why
        assert "SSL_CERT_FILE" in failure.remedy
        assert not FAILURE_POLICIES[failure.kind].resend


@pytest.mark.parametrize("link", ["https://intranet/x", "https://nas.local/x", "https://p.corp.example/x"])
async def test_no_link_leads_through_the_proxy_into_its_network(link: str):
    proxy = URL("http://p.corp.example:3128")
    refused = await refuse_private_name(URL(link), proxy, HostPolicy())
    assert refused is not None
    assert "private address" in refused.why
    assert await refuse_private_name(URL(link), proxy, HostPolicy(private=True)) is None
    assert await refuse_private_name(URL(link), None, HostPolicy()) is None


def test_the_proxy_is_described_without_its_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:sesame@p.corp:3128")
    monkeypatch.setenv("NO_PROXY", "nas,10.0.0.1")
    assert describe_proxy() == "http://p.corp:3128 (HTTPS_PROXY), except for nas,10.0.0.1 (NO_PROXY)"
