"""`review` as a process: its address, its password, its end; what it may not listen to."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.world import World

PROGRAM = (sys.executable, "-m", "hailuo_batch.cli.main", "review")
FILM = """\
version: 1
campaign: teaser
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: a bottle in mist, tags: [hero]}
"""
PASSWORD = "a long password"


@dataclass
class Opened:
    """A page that a process serves."""

    process: asyncio.subprocess.Process
    url: str

    async def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            await self.process.communicate()
        return self.process.returncode or 0


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "film.yaml").write_text(FILM)
    return tmp_path / "film.yaml"


@asynccontextmanager
async def opening(film: Path, *words: str, **variables: str) -> AsyncIterator[Opened]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words, film.name, cwd=film.parent, env={**os.environ, **variables},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        if not line:
            raise AssertionError((await process.communicate())[1].decode())
        yield Opened(process, re.findall(r"http://\S+", line)[0])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def fails(film: Path, *words: str, **variables: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words, film.name, cwd=film.parent, env={**os.environ, **variables},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert out == b""
    return process.returncode or 0, err.decode()


async def test_it_serves_the_clips_until_ctrl_c(film: Path) -> None:
    await run(film, RunOptions(world=World.SKETCH))
    jar = aiohttp.CookieJar(unsafe=True)
    async with opening(film, "--sketch") as page, aiohttp.ClientSession(cookie_jar=jar) as client:
        assert page.url.startswith("http://127.0.0.1:")
        base = page.url.split("?")[0]
        await (await client.get(page.url)).read()
        html = await (await client.get(base)).text()
        assert "<h1>teaser</h1>" in html
        shot = await (await client.get(f"{base}shot?id=open")).text()
        clip = re.findall(r'src="/(clips/[0-9a-f]{64}\.mp4)"', shot)[0]
        async with client.get(f"{base}{clip}", headers={"Range": "bytes=4-7"}) as part:
            assert (part.status, await part.read()) == (206, b"ftyp")
        events = await client.get(f"{base}events")
        assert await page.end() == 0, "a page that is open holds nothing up"
        events.close()


async def test_a_guest_has_the_password_from_a_file_or_a_variable(film: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nnot this\n")
    for words, variables in (
        (("--read-only", "--password-file", str(file)), {}),
        (("--read-only",), {"HAILUO_REVIEW_PASSWORD": PASSWORD}),
    ):
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            opening(film, "--sketch", *words, **variables) as page,
            aiohttp.ClientSession(cookie_jar=jar) as client,
        ):
            assert "token" not in page.url
            sent = {"Origin": page.url.rstrip("/")}
            async with client.post(f"{page.url}enter", data={"password": PASSWORD}, headers=sent) as answer:
                html = await answer.text()
            assert "<h1>teaser</h1>" in html
            assert "<textarea" not in html
            assert await page.end() == 0


@pytest.mark.parametrize(
    ("words", "variables", "code", "said"),
    [
        (("--listen", "0.0.0.0:0"), {}, 5, "A page for the network is read-only."),
        (("--listen", "192.0.2.1:8080"), {}, 5, "A page for the network is read-only."),
        (("--listen", "nonsense"), {}, 3, "cannot listen for the review page on 'nonsense'"),
        (("--read-only", "--listen", "192.0.2.1:1"), {"HAILUO_REVIEW_PASSWORD": PASSWORD}, 3, "has no such address"),
        (("--read-only",), {"HAILUO_REVIEW_PASSWORD": "short"}, 3, "It needs 8 characters or more."),
        (("--read-only",), {}, 3, "the page has no password"),
        (("--read-only", "--password-file", "none.txt"), {}, 3, "cannot read none.txt"),
        (("--password-file", "film.yaml"), {}, 2, "--password-file is for --read-only."),
    ],
    ids=str,
)
async def test_what_is_not_safe_is_not_opened(
    film: Path, words: tuple[str, ...], variables: dict[str, str], code: int, said: str
) -> None:
    assert (await fails(film, "--sketch", *words, **variables))[0] == code
    assert said in (await fails(film, "--sketch", *words, **variables))[1]


async def test_a_manifest_with_problems_is_reported_as_everywhere(film: Path) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: []\n")
    code, said = await fails(film, "--sketch")
    assert code == 3
    assert "film.yaml:3:" in said
