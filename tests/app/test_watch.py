"""Watching files: each change is seen once, nothing is bought, and a half-saved file ends nothing."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hailuo_batch.app.watch import WatchRound, list_files, watch
from hailuo_batch.errors import InputError
from hailuo_batch.load.file_changes import Stamps, read_stamps, wait_for_changes

FILM = "version: 1\ncampaign: film\nproviders: [minimax]\ninclude: [looks.yaml]\nshots:\n"
SHOT = "  - {id: a, prompt: a bottle}\n"
STILL = "  - {id: b, prompt: b, frames: {first: {file: b.png}}}\n"


class EndError(Exception):
    """Ends the watching of a test."""


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "looks.yaml").write_text("version: 1\nvars: {x: y}\n")
    file = tmp_path / "film.yaml"
    file.write_text(FILM + SHOT)
    monkeypatch.chdir(tmp_path)
    return file


async def watch_edits(film: Path, *edits: Callable[[], object], sketch: bool = False) -> list[WatchRound]:
    rounds: list[WatchRound] = []
    left = list(edits)

    async def wait(before: Stamps) -> tuple[Path, ...]:
        if not left:
            raise EndError
        left.pop(0)()
        return await asyncio.wait_for(wait_for_changes(before), 20)

    with pytest.raises(EndError):
        await watch(film, sketch=sketch, show=rounds.append, wait=wait)
    return rounds


async def test_a_change_of_any_file_is_planned_and_a_half_saved_one_is_shown(film: Path) -> None:
    rounds = await watch_edits(
        film,
        lambda: film.write_text(FILM + SHOT.replace("bottle", "cap")),
        lambda: film.write_text(FILM + "  - {id: a, pro"),
        lambda: film.write_text(FILM + SHOT.replace("bottle", "cap") + "\n"),
        lambda: (film.parent / "looks.yaml").write_text("version: 1\nvars: {x: z, y: z}\n"),
    )
    assert [(each.planned is not None, each.error is not None) for each in rounds] == [
        (True, False), (True, False), (False, True), (True, False), (True, False),
    ]  # fmt: skip
    assert [path.name for each in rounds for path in each.changed] == [*["film.yaml"] * 3, "looks.yaml"]


async def test_only_sketches_are_made(film: Path) -> None:
    rounds = await watch_edits(film, lambda: film.write_text(FILM + SHOT.replace("bottle", "cap")), sketch=True)
    assert [each.sketched for each in rounds] == [1, 1]
    with sqlite3.connect(film.parent / ".hailuo" / "ledger.db") as ledger:
        assert {row[0] for row in ledger.execute("SELECT provider FROM attempts")} == {"animatic"}


async def test_without_sketches_nothing_is_attempted(film: Path) -> None:
    await watch_edits(film, lambda: film.write_text(FILM + SHOT + SHOT.replace("id: a", "id: b")))
    assert not [*film.parent.glob(".hailuo/ledger.db"), *film.parent.glob("renders/*")]


def test_settings_reviews_and_images_that_are_not_there_yet_are_watched_too(film: Path) -> None:
    film.write_text(FILM + STILL)
    assert {path.name for path in list_files(film)} == {
        "film.yaml", "looks.yaml", "hailuo.yaml", "film.review.yaml", "b.png"
    }  # fmt: skip


async def test_what_was_saved_before_the_watch_began_is_found(film: Path) -> None:
    before = read_stamps([film])
    film.write_text(FILM + SHOT + STILL)
    assert await asyncio.wait_for(wait_for_changes(before), 20) == (film,)


async def test_without_the_library_the_message_says_how_to_install_it(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(InputError, match="files cannot be watched") as refused:
        await watch(film, show=lambda _: None)
    assert "hailuo-batch[watch]" in refused.value.remedy


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")
def test_ctrl_c_ends_it_with_0(film: Path) -> None:
    command = (sys.executable, "-m", "hailuo_batch.cli.main", "watch", "film.yaml")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Watching"):
                    break
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, ""), out
