"""`hailuo-batch work` in processes of its own, beside `run --sketch` in a project that names a farm."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_fixtures import OWNER, PRODUCER, WORKER, PostgresServer, postgres, postgres_database  # noqa: F401
from trusting import trust_project

from hailuo_batch.app.work import refuse_gateway_keys
from hailuo_batch.errors import RefusedError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the farm's database needs a loop with descriptors")
MANIFEST = """\
version: 1
campaign: tiny
shots:
  - {id: first, duration: 1, resolution: 512p, prompt: "A lamp. [Push in]"}
  - {id: second, duration: 1, resolution: 512p, prompt: "The same lamp.", frames: {first: {shot: first, frame: last}}}
"""


def call(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """One command of ours, in the project."""
    command = [sys.executable, "-m", "hailuo_batch.cli.main", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def project(postgres: PostgresServer, postgres_database: str, tmp_path: Path) -> Path:  # noqa: F811
    folder, shared = tmp_path / "project", tmp_path / "shared"
    (folder / "manifests").mkdir(parents=True)
    shared.mkdir()
    made = call(tmp_path, "ledger", "init", postgres.url(postgres_database, OWNER))
    assert (made.communicate(timeout=60)[1], made.returncode) == ("", 0)
    address = postgres.url(postgres_database, PRODUCER)
    (folder / "hailuo.yaml").write_text(f"version: 1\nledger: {address}\nstore: {shared.as_uri()}\nfarm: true\n")
    (folder / "manifests" / "tiny.yaml").write_text(MANIFEST)
    return folder


def test_sketches_of_a_project_are_drawn_by_its_farm_and_come_home(
    project: Path,
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
):
    trust_project(project)
    worker = call(project, "work", "--for", "draw", "-j", "1", "--ledger", postgres.url(postgres_database, WORKER))
    assert worker.stderr is not None
    assert worker.stderr.readline() == "ready for draw; 1 at once\n"
    run = call(project, "run", "--sketch")
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert "Done by the farm: 2.\n" in out
    assert len(list((project / "renders").glob("*.mp4"))) == 2
    worker.send_signal(signal.SIGTERM)
    assert worker.communicate(timeout=30) == ("", "")
    assert worker.returncode == 0
    verified = call(project, "verify", "--sketch")
    assert (verified.communicate(timeout=60)[0].splitlines()[:1], verified.returncode) != ([], 1)


def test_settings_that_nobody_trusts_send_nothing_and_the_sketches_are_drawn_here(project: Path):
    worker = call(project, "work")
    assert "the project is not trusted" in worker.communicate(timeout=60)[1]
    assert worker.returncode == 5
    run = call(project, "run", "--sketch")
    assert "by the farm" not in run.communicate(timeout=60)[0]
    assert run.returncode == 0


def test_a_place_without_a_farm_says_what_is_missing(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    worker = call(tmp_path, "work", "--ledger", "postgresql://x@127.0.0.1:1/x")
    err = worker.communicate(timeout=60)[1]
    assert "There is no shared store" in err
    assert worker.returncode == 3


def test_a_database_that_cannot_be_reached_ends_a_worker_that_starts(tmp_path: Path):
    words = ("--ledger", "postgresql://x@127.0.0.1:1/x", "--store", tmp_path.as_uri())
    worker = call(tmp_path, "work", *words)
    err = worker.communicate(timeout=60)[1]
    assert "the farm's database cannot be used" in err
    assert "refused" in err
    assert worker.returncode == 9


def test_a_worker_holds_no_key():
    refuse_gateway_keys({"HOME": os.devnull})
    with pytest.raises(RefusedError) as refused:
        refuse_gateway_keys({"MINIMAX_API_KEY": "sk-abcdefghijkl", "ACME_API_KEY": "abcdefghijkl"})
    assert "env -u MINIMAX_API_KEY -u ACME_API_KEY hailuo-batch work" in refused.value.remedy
