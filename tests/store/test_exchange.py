"""Files of free work in a folder that machines share: what cannot be proved by its digest is not there."""

import hashlib
import time
from pathlib import Path

import pytest

from hailuo_batch.errors import StoreError
from hailuo_batch.store.exchange import Exchange

DATA = b"a sketch"
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.fixture
def exchange(shared: Path) -> Exchange:
    return Exchange(shared.as_uri())


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_a_file_is_shared_once_and_fetched_by_its_digest(exchange: Exchange, shared: Path, tmp_path: Path):
    (tmp_path / "one").write_bytes(DATA)
    assert exchange.keep(tmp_path / "one") == exchange.share(tmp_path / "one") == DIGEST
    assert len(files_in(shared)) == 1
    assert exchange.fetch(DIGEST, tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == DATA
    assert not exchange.fetch(f"sha256:{'0' * 64}", tmp_path / "three")


def test_a_clip_of_the_shared_store_is_not_sent_again(exchange: Exchange, shared: Path, tmp_path: Path):
    letters = DIGEST.removeprefix("sha256:")
    (shared / letters[:2]).mkdir()
    (shared / letters[:2] / f"{letters}.mp4").write_bytes(DATA)
    (tmp_path / "one").write_bytes(DATA)
    assert exchange.share(tmp_path / "one") == DIGEST
    assert len(files_in(shared)) == 1
    assert exchange.fetch(DIGEST, tmp_path / "two")


def test_a_damaged_file_is_not_there_and_goes(exchange: Exchange, shared: Path, tmp_path: Path):
    (tmp_path / "one").write_bytes(DATA)
    exchange.keep(tmp_path / "one")
    files_in(shared)[0].write_bytes(b"a skotch")
    assert not exchange.fetch(DIGEST, tmp_path / "two")
    assert not (tmp_path / "two").exists()
    exchange.keep(tmp_path / "one")
    assert exchange.fetch(DIGEST, tmp_path / "two")


def test_the_first_answer_stays_until_it_is_removed(exchange: Exchange, shared: Path):
    assert exchange.read_answer(DIGEST) is None
    exchange.keep_answer(DIGEST, {"clip": "one"})
    exchange.keep_answer(DIGEST, {"clip": "two"})
    assert exchange.read_answer(DIGEST) == {"clip": "one"}
    files_in(shared)[0].write_bytes(b"[")
    assert exchange.read_answer(DIGEST) is None
    exchange.remove_answer(DIGEST)
    exchange.remove_answer(DIGEST)
    exchange.keep_answer(DIGEST, {"clip": "two"})
    assert exchange.read_answer(DIGEST) == {"clip": "two"}


def test_only_what_is_old_and_the_farm_s_is_removed(exchange: Exchange, shared: Path, tmp_path: Path):
    (tmp_path / "one").write_bytes(DATA)
    (shared / "clip.mp4").write_bytes(DATA)
    exchange.keep(tmp_path / "one")
    exchange.keep_answer(DIGEST, {})
    assert exchange.remove_older(before=time.time() - 60) == 0
    assert exchange.remove_older(before=time.time() + 60) == 2
    assert files_in(shared) == [shared / "clip.mp4"]


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "sha256:" + "A" * 64, ""])
def test_a_text_that_is_no_digest_names_no_file(exchange: Exchange, digest: str, tmp_path: Path):
    with pytest.raises(StoreError):
        exchange.fetch(digest, tmp_path / "one")
