"""What the commands say of pictures behind web addresses: only plan and run ask there, and they say it on stderr."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.core.request.remote_image import RemoteImageFailure

URL = "https://frames.example/a.png?sig=secret"
TOLD = """\
manifests/film.yaml:4:60: warning: web picture not fetched [frame-web]
    - {id: open, prompt: "a bottle in mist", frames: {first: "https://frames.example/a.png?••••••••••"}}
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that was asked; none of them answers."""
    found: list[str] = []

    class Silence:
        async def refresh(self, known: dict[str, Any]) -> dict[str, Any]:
            found.extend(known)
            return dict.fromkeys(known, RemoteImageFailure(why="its host answered 404 (Not Found)", gone=True))

    @asynccontextmanager
    async def frames(folder: Path, *, trusted: Path) -> AsyncIterator[Silence]:
        yield Silence()

    monkeypatch.setattr("hailuo_batch.drivers.remote_frames.open_remote_images", frames)
    return found


@pytest.fixture
def hosted(film: Path) -> Path:
    shot = f'{{id: open, prompt: "a bottle in mist", frames: {{first: "{URL}"}}}}'
    film.write_text(f"version: 1\ncampaign: teaser\nshots:\n  - {shot}\n", encoding="utf-8")
    return film


@pytest.mark.parametrize("command", [("plan",), ("run", "--dry-run"), ("plan", "--format", "json")])
def test_a_plan_says_why_a_picture_on_the_web_is_not_to_be_had(
    say: Callable[..., Any], hosted: Path, asked: list[str], command: tuple[str, ...]
) -> None:
    told = say(*command)
    assert (told.code, asked) == (0, [URL])
    assert told.err.startswith(TOLD), told.err
    assert "gave no picture: its host answered 404 (Not Found); the shot is held." in told.err
    assert "web address has given no image yet" in told.out


@pytest.mark.parametrize("command", [("validate",), ("status",), ("explain", "open"), ("show", "open"), ("report",)])
def test_who_only_looks_never_asks_the_web(
    say: Callable[..., Any], hosted: Path, asked: list[str], command: tuple[str, ...]
) -> None:
    assert say(*command).code == 0
    assert say("run", "--sketch", "--dry-run").code == 0
    assert asked == []


def test_a_run_says_it_and_waits_for_a_person(say: Callable[..., Any], hosted: Path, asked: list[str]) -> None:
    told = say("run", "--rehearsal", "--progress", "none")
    assert (told.code, asked) == (8, [URL])
    assert "web picture not fetched" in told.err
