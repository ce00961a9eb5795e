"""Where callbacks are listened for, and the address that gateways are given: which will do, and what is said else."""

import socket
from typing import Any

import pytest
from webhook_samples import PUBLIC, call, hearing, local

from hailuo_batch.drivers.webhooks import WebhookReceiver
from hailuo_batch.errors import Exit, InputError
from hailuo_batch.load.provider_tables import load_dialect


def refused(**members: str) -> InputError:
    with pytest.raises(InputError) as caught:
        WebhookReceiver(**{"listen": "127.0.0.1:0", "public": PUBLIC, "dialects": {}, **members})  # type: ignore[arg-type]
    assert caught.value.exit is Exit.INVALID
    assert caught.value.why
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "listen",
    [
        "",
        ":8089",
        "8089",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "h:65536",
        "::1:80",
        "[]:80",
        "h:-1",
        "h:٣",
        "h:1" * 9,
    ],
)
def test_what_is_no_host_and_port_cannot_be_listened_on(listen: str):
    assert refused(listen=listen).why == "It is not HOST:PORT."


@pytest.mark.parametrize(
    ("public", "why"),
    [
        ("", "https"),
        ("render.example.com/hooks", "https"),
        ("http://render.example.com", "https"),
        ("ftp://localhost", "https"),
        ("https://", "https"),
        ("https://[::1", "valid URL"),
        ("https://x.test:99999", "valid URL"),
        ("https://x.test/?key=s3cret", "path"),
        ("https://x.test/#s3cret", "path"),
        ("https://me:s3cret@x.test/", "path"),
        ("https://10.1.2.3/", "private"),
        ("https://[fd00::1]/", "private"),
        ("https://x.test/" + "s3cret" * 400, "long"),
    ],
)
def test_a_public_address_that_no_gateway_could_call_is_refused_without_repeating_it(public: str, why: str):
    error = refused(public=public)
    assert why in error.why
    assert "s3cret" not in f"{error} {error.why} {error.remedy}"


@pytest.mark.parametrize("public", ["http://127.0.0.1:8089", "http://localhost:8089/", "http://[::1]:8089/x", PUBLIC])
def test_an_address_on_this_machine_will_do_for_rehearsals(public: str):
    callbacks = WebhookReceiver(
        listen="127.0.0.1:0", public=f" {public} ", dialects={"minimax": load_dialect("minimax")}
    )
    assert str(callbacks.url("minimax")).startswith(f"{public.rstrip('/')}/minimax/")


async def test_a_port_that_is_taken_is_said_with_what_to_do():
    async with hearing() as callbacks:
        with pytest.raises(InputError) as caught:
            async with hearing(listen=str(callbacks.address)):
                pass
    assert str(caught.value) == f"cannot listen for callbacks on {callbacks.address}"
    assert caught.value.why == "The port is taken: another program listens there, perhaps another run."
    assert "another address" in caught.value.remedy


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:0", "This machine has no such address."),
        ("no-such-host.invalid:0", "Cannot resolve host."),
        (f"{'x' * 70}.invalid:0", "Cannot resolve host."),
    ],
)
async def test_a_host_that_is_not_this_machine_cannot_be_listened_on(
    listen: str, why: str, monkeypatch: pytest.MonkeyPatch
):
    real = socket.getaddrinfo

    def unknown(host: str, *rest: Any, **more: Any) -> Any:
        if host.startswith("no-such"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # no name server is asked
    with pytest.raises(InputError) as caught:
        async with hearing(listen=listen):
            pass
    assert caught.value.why == why


async def test_what_else_the_system_does_not_allow_is_said(monkeypatch: pytest.MonkeyPatch):
    for error, why in (
        (PermissionError(13, "no"), "The system does not allow it; ports below 1024 are often reserved."),
        (OSError(24, "Too many open files"), "The system says: Too many open files."),
        (OSError("could not bind on any address"), "This machine has no such address."),
    ):

        def failing(*_: object, error: OSError = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(socket, "create_server", failing)
        with pytest.raises(InputError) as caught:
            async with hearing():
                pass
        assert caught.value.why == why


async def test_it_listens_on_version_six_of_the_internet_too():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with hearing(listen="[::1]:0") as callbacks:
        assert str(callbacks.address).startswith("[::1]:")
        assert (await call(local(callbacks, "vtrix"), json={"id": "x"}))[0] == 200
