"""Where no clip could be downloaded, a run says so before it buys one, over real loopback HTTP."""

import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from trusting import trust_project

from hailuo_batch.app.run import run
from hailuo_batch.drivers.host_canary import find_refused_host
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.link_hosts import LinkHosts
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

pytestmark = pytest.mark.usefixtures("user_state")
FILM = "version: 1\ncampaign: film\nproviders: [minimax]\nshots: [{id: open, prompt: a bottle}]\n"
FAKE, PRIVATE, PUBLIC = "198.18.0.5", "10.0.0.7", "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names lead to; the others cannot be resolved."""
    known: dict[str, str] = {}

    async def resolve(_: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        flags = {"family": socket.AF_INET, "proto": 0, "flags": 0}
        return [{"hostname": host, "host": known[host], "port": port, **flags}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    return known


def write_project(folder: Path, address: str, more: str = "") -> Path:
    (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{address}'}}\n{more}")
    (folder / "film.yaml").write_text(FILM)
    trust_project(folder)
    return folder / "film.yaml"


def answer_no(_: object) -> None:
    """It was asked, so the hosts were no obstacle."""
    raise RefusedError("stopped", why="the user said no")


@pytest.mark.parametrize(
    ("address", "more", "refused"),
    [
        (FAKE, "", f"cdn.example leads to {FAKE}, an address that proxies such as Clash, sing-box and Surge make up."),
        (FAKE, "allow_fake_ip_downloads: true\n", ""),
        (PRIVATE, "", "cdn.example leads to a private address, which is not opened."),
        (PRIVATE, "allow_private_downloads: true\n", ""),
        (PUBLIC, "", ""),
        ("", "", ""),  # not known now, which proves nothing
    ],
)
async def test_a_host_that_a_link_led_to_is_resolved_before_the_next_purchase(
    address: str, more: str, refused: str, names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "test-key")
    LinkHosts().add("minimax", "cdn.example")
    names.update({"cdn.example": address} if address else {})
    async with Mock(speed=1000.0, clip=CLIP) as mock:
        film = write_project(tmp_path, mock.url("minimax"), more)
        with pytest.raises(RefusedError) as error:
            await run(film, approve=answer_no)
        assert mock.charges == []
    assert error.value.why == (refused or "the user said no")
    assert ("allow_fake_ip_downloads: true" in error.value.remedy) is (address == FAKE and bool(refused))


async def test_the_first_run_behind_such_a_proxy_is_stopped_by_the_gateways_own_name(
    names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIMAX_API_KEY", "test-key")
    names["gateway.example"] = FAKE
    with pytest.raises(RefusedError, match="nothing was bought"):
        await run(write_project(tmp_path, "https://gateway.example"))


@pytest.mark.parametrize(
    ("host", "address", "proxy", "found"),
    [
        ("gateway.example", PRIVATE, "", None),  # the user named it
        ("gateway.example", FAKE, "", ("gateway.example", FAKE)),
        ("gateway.example", FAKE, "http://127.0.0.1:9", None),  # that proxy resolves names itself
        ("", FAKE, "", None),
    ],
)
async def test_what_a_gateways_own_name_proves(
    host: str,
    address: str,
    proxy: str,
    found: tuple[str, str] | None,
    names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    names[host] = address
    assert await find_refused_host([host], allow_fake=False, only_fake=True) == found


def test_the_hosts_of_a_gateway_are_a_few_and_a_damaged_file_is_none(user_state: Path) -> None:
    for number in range(10):
        LinkHosts().add("minimax", f"c{number}.example")
    LinkHosts().add("minimax", "c9.example")
    assert LinkHosts().list_hosts(["minimax", "vtrix"]) == tuple(f"c{number}.example" for number in range(2, 10))
    (user_state / "link-hosts.json").write_text("[")
    assert LinkHosts().list_hosts(["minimax"]) == ()
