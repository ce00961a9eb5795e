"""A project in a folder, whose sketches a provider in memory draws: quick, and every submit is counted."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_samples import FILM, Project

from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.ports import Driver


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with one manifest, `film.yaml`; nothing of it is drawn yet."""
    found = Project(folder=tmp_path / "aurora")
    found.folder.mkdir()
    found.write(FILM)
    (found.folder / "hailuo.yaml").write_text("version: 1\n")

    @asynccontextmanager
    async def drivers(*_: object, **__: object) -> AsyncIterator[Mapping[str, Driver]]:
        yield {SKETCH_MODEL: found.driver}

    monkeypatch.setattr("hailuo_batch.app.running.context.open_drivers", drivers)
    return found


@pytest.fixture
def nothing_is_too_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: what is remembered holds although it was written a moment ago."""
    monkeypatch.setattr("hailuo_batch.load.file_stamp.MTIME_SLACK_NS", -(10**18))
    monkeypatch.setattr("hailuo_batch.load.cache.MTIME_SLACK_NS", -(10**18))
