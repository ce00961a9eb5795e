import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.load.cache import (
    FinishedManifest,
    manifest_key,
    plan_dependencies,
    read_cached_inputs,
    read_finished_manifest,
    write_cached_inputs,
    write_finished_manifest,
)
from hailuo_batch.load.file_stamp import MTIME_SLACK_NS, CachedImage, read_stamp
from hailuo_batch.load.project_root import CACHE_FOLDER

FINISHED = FinishedManifest(
    digests=frozenset({"sha256:aa", "sha256:bb"}), files=frozenset({"a.mp4"}), summary={"takes": 2}
)


def remembered(file: Path) -> CachedImage:
    stamp = read_stamp(file)
    assert stamp is not None
    return CachedImage(stamp=stamp, digest="sha256:aa", cached_at=stamp[1] + MTIME_SLACK_NS + 1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "open.png"
    file.write_bytes(b"picture")
    return file


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Circumstances of files that were written long ago."""
    for name in (
        "hailuo.yaml", "teaser.lock.yaml", "teaser.review.yaml", "teaser.tasks.yaml", "ledger.sqlite",
        "ledger.sqlite-wal",
    ):  # fmt: skip
        (tmp_path / name).write_text(name)
    now = time.time_ns() + 10 * MTIME_SLACK_NS
    monkeypatch.setattr(time, "time_ns", lambda: now)
    return now_of(tmp_path)


def now_of(folder: Path, manifest: bytes = b"version: 1", tool: str = "1.0") -> dict[str, Any]:
    return plan_dependencies(
        tool=tool, manifest=manifest, settings=folder / "hailuo.yaml", lock=folder / "teaser.lock.yaml",
        review=folder / "teaser.review.yaml", tasks=folder / "teaser.tasks.yaml", ledger=folder / "ledger.sqlite",
    )  # fmt: skip


def test_digests_are_remembered(tmp_path: Path, picture: Path) -> None:
    memory = {str(picture): remembered(picture)}
    write_cached_inputs(tmp_path, memory)
    assert read_cached_inputs(tmp_path) == memory


def test_two_manifests_remember_beside_each_other_and_what_is_gone_is_forgotten(tmp_path: Path, picture: Path) -> None:
    other = tmp_path / "close.png"
    other.write_bytes(b"x")
    write_cached_inputs(tmp_path, {str(picture): remembered(picture), str(other): remembered(other)})
    other.unlink()
    third = tmp_path / "third.png"
    third.write_bytes(b"y")
    write_cached_inputs(tmp_path, {str(third): remembered(third)})
    assert set(read_cached_inputs(tmp_path)) == {str(picture), str(third)}


def test_what_is_known_already_is_not_written_again(tmp_path: Path, picture: Path) -> None:
    write_cached_inputs(tmp_path, {str(picture): remembered(picture)})
    (file,) = (tmp_path / CACHE_FOLDER).iterdir()
    before = file.stat().st_ino
    write_cached_inputs(tmp_path, {str(picture): remembered(picture)})
    assert file.stat().st_ino == before
    write_cached_inputs(tmp_path, {})
    assert file.stat().st_ino == before


def test_no_memory_is_an_empty_one(tmp_path: Path) -> None:
    assert read_cached_inputs(tmp_path) == {}
    assert read_finished_manifest(tmp_path, "key", {}) is None


def test_a_memory_that_cannot_be_written_is_none(tmp_path: Path, picture: Path) -> None:
    (tmp_path / CACHE_FOLDER).write_text("a file where the folder should be")
    write_cached_inputs(tmp_path, {str(picture): remembered(picture)})
    assert read_cached_inputs(tmp_path) == {}


def test_a_finished_manifest_is_recalled_under_the_same_circumstances(
    tmp_path: Path, facts: dict[str, Any], picture: Path
) -> None:
    write_finished_manifest(tmp_path, "key", facts, {str(picture): remembered(picture)}, FINISHED)
    known = replace(FINISHED, images=frozenset({str(picture)}))
    assert read_finished_manifest(tmp_path, "key", now_of(tmp_path)) == known
    assert read_finished_manifest(tmp_path, "other", facts) is None


@pytest.mark.parametrize(
    "file",
    ["hailuo.yaml", "teaser.lock.yaml", "teaser.review.yaml", "ledger.sqlite", "ledger.sqlite-wal", "open.png"],
)
@pytest.mark.parametrize("change", ["write", "remove"])
def test_any_change_of_a_file_that_counts_forgets_it(
    tmp_path: Path, facts: dict[str, Any], picture: Path, file: str, change: str
) -> None:
    write_finished_manifest(tmp_path, "key", facts, {str(picture): remembered(picture)}, FINISHED)
    if change == "remove":
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text("other bytes than before")
    assert read_finished_manifest(tmp_path, "key", now_of(tmp_path)) is None


@pytest.mark.parametrize("change", [{"manifest": b"version: 2"}, {"tool": "1.1"}])
def test_another_manifest_or_tool_forgets_it(tmp_path: Path, facts: dict[str, Any], change: dict[str, Any]) -> None:
    write_finished_manifest(tmp_path, "key", facts, {}, FINISHED)
    assert read_finished_manifest(tmp_path, "key", now_of(tmp_path, **change)) is None


def test_a_ledger_written_in_the_same_moment_is_not_trusted(tmp_path: Path) -> None:
    for name in ("hailuo.yaml", "teaser.lock.yaml", "ledger.sqlite"):
        (tmp_path / name).write_text(name)
    write_finished_manifest(tmp_path, "key", now_of(tmp_path), {}, FINISHED)
    assert read_finished_manifest(tmp_path, "key", now_of(tmp_path)) is None


def test_an_empty_log_of_the_ledger_is_no_log(tmp_path: Path, facts: dict[str, Any]) -> None:
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"")
    assert now_of(tmp_path)["wal"] is None
    assert facts["wal"] is not None


def test_a_sketch_is_remembered_apart_from_the_real_thing() -> None:
    manifest = Path("/p/teaser.yaml")
    assert manifest_key(manifest, sketch=True) != manifest_key(manifest, sketch=False)
    assert manifest_key(manifest, sketch=True) != manifest_key(Path("/q/teaser.yaml"), sketch=True)


damages = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 10_000)),
    st.tuples(st.just("flip"), st.integers(0, 10_000)),
    st.tuples(st.just("bytes"), st.binary(max_size=40)),
    st.tuples(
        st.just("json"),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
        ),
    ),
)


def damaged(data: bytes, kind: str, how: object) -> bytes:
    if kind == "cut":
        return data[: int(str(how)) % len(data)]
    if kind == "flip":
        place = int(str(how)) % len(data)
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    return how if isinstance(how, bytes) else json.dumps(how).encode()


@given(damages)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_memory_is_ignored_whatever_is_in_it(
    tmp_path: Path, picture: Path, facts: dict[str, Any], damage: tuple[str, object]
) -> None:
    write_cached_inputs(tmp_path, {str(picture): remembered(picture)})
    write_finished_manifest(tmp_path, "key", facts, {str(picture): remembered(picture)}, FINISHED)
    files = sorted((tmp_path / CACHE_FOLDER).iterdir())
    assert len(files) == 2
    for file in files:
        file.write_bytes(damaged(file.read_bytes(), *damage))
    assert read_cached_inputs(tmp_path) == {}
    assert read_finished_manifest(tmp_path, "key", facts) is None
    for file in files:
        file.unlink()
