"""`--trace` and `-v`: where they may be written, what they say, and that they never stand in a command's way."""

import json
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hailuo_batch.cli.schema
from hailuo_batch.errors import Exit

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]
KEY = "sentinel+key/of=minimax"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def whats(file: Path) -> list[str]:
    return [line["what"] for line in lines(file)]


@pytest.mark.parametrize(
    "args", [("--trace", "t.jsonl", "schema"), ("schema", "--trace", "t.jsonl"), ("schema", "--trace=t.jsonl", "plan")]
)
def test_a_trace_may_be_asked_for_before_and_after_the_command(args: tuple[str, ...], say: Say) -> None:
    said = say(*args)
    begin, end = lines(Path("t.jsonl"))
    assert (begin["what"], begin["command"], end["what"], end["exit"]) == ("start", "schema", "end", said.code)


def test_the_environment_may_ask_for_a_trace_and_the_option_goes_before_it(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAILUO_TRACE", "env.jsonl")
    say("schema")
    say("schema", "--trace", "option.jsonl")
    assert whats(Path("env.jsonl")) == whats(Path("option.jsonl")) == ["start", "end"]


def test_a_trace_is_added_to_and_only_its_owner_may_read_it(say: Say) -> None:
    file = Path("t.jsonl")
    say("schema", "--trace", str(file))
    say("schema", "--trace", str(file))
    assert whats(file) == ["start", "end"] * 2
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_trace_that_cannot_be_begun_stops_the_command(say: Say) -> None:
    said = say("schema", "--trace", "no/such/folder/t.jsonl")
    assert (said.code, said.out) == (Exit.INVALID, "")
    assert "no/such/folder/t.jsonl" in said.err
    assert "HAILUO_TRACE" in said.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_trace_that_cannot_be_gone_on_with_is_told_once_and_stops_nothing(say: Say) -> None:
    said = say("schema", "--trace", "/dev/full")
    assert said.code == Exit.DONE
    assert said.out == say("schema").out
    assert said.err.count("the trace ends here") == 1


def test_v_shows_ledger_moves_and_vv_shows_waits_too(film: Path, say: Say) -> None:
    quiet = say("run", "--sketch", "--only", "open", "--progress", "none")
    assert (quiet.code, quiet.err) == (0, "")
    film.write_text(film.read_text(encoding="utf-8").replace("bottle", "glass"), encoding="utf-8")
    some = say("run", "-v", "--sketch", "--only", "open", "--progress", "none")
    assert "ledger: attempt 2: intend → intended, provider animatic" in some.err
    film.write_text(film.read_text(encoding="utf-8").replace("glass", "cup"), encoding="utf-8")
    every = say("run", "-vv", "--sketch", "--progress", "none")
    assert "wait: turn waits: frame (starts from a frame of open)" in every.err
    assert "waits: frame" not in some.err


def test_nothing_listens_any_more_when_the_command_has_ended(say: Say) -> None:
    logger = logging.getLogger("hailuo_batch")
    before = logger.level, tuple(logger.handlers)
    say("schema", "-vv", "--trace", "t.jsonl")
    assert (logger.level, tuple(logger.handlers)) == before


def test_a_bugs_traceback_has_no_secret_on_stderr_and_in_the_trace(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"{KEY} at https://me:pw-sentinel@cdn.test/a?sig=sig-sentinel")

    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setattr(hailuo_batch.cli.schema, "print_json", fail)
    said = say("schema", "-vv", "--trace", "t.jsonl")
    assert said.code == Exit.BUG
    assert "ValueError: [key] at https://cdn.test/…" in said.err
    assert whats(Path("t.jsonl")) == ["start", "bug", "end"]
    for text in (said.err, Path("t.jsonl").read_text(encoding="utf-8")):
        assert "sentinel" not in text


def test_records_of_other_programs_that_hold_a_key_are_written_without_it(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setattr(
        hailuo_batch.cli.schema, "print_json", lambda _: logging.getLogger("hailuo_batch.acme").info("with %s", KEY)
    )
    said = say("schema", "-v", "--trace", "t.jsonl")
    assert said.err.endswith("acme: with [key]\n")
    assert lines(Path("t.jsonl"))[1]["message"] == "with [key]"
