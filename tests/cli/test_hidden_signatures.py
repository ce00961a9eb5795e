"""Passwords and signatures of addresses that a prompt or a note holds: sent as written, and shown by no command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.errors import Exit

Say = Callable[..., Any]
ADDRESS = "https://me:SECRET1@cdn.test/a.png?X-Amz-Signature=SECRET2&e=1"
FILM = f"""\
version: 1
campaign: teaser
providers: [odkkk]
defaults: {{duration: 6, resolution: 768p}}
shots:
  - {{id: open, prompt: "mist like {ADDRESS} [Push in]", notes: "from {ADDRESS}"}}
  - {{id: turn, prompt: "a cap turns, as {ADDRESS}"}}
"""
FAULTS = "faults: [{fault: reset, accepted: true, prompt: cap}, {fault: task_failed, prompt: mist, first: 1}]\n"
COMMANDS = (
    ("validate",),
    ("validate", "--format", "json"),
    ("validate", "--format", "junit"),
    ("run", "--dry-run", "--format", "junit"),
    ("plan",),
    ("status",),
    ("status", "--format", "json"),
    ("show", "open"),
    ("show", "turn", "--format", "json"),
    ("explain", "open"),
    ("explain", "turn", "--format", "json"),
    ("report", "--format", "json"),
    ("report",),
    ("costs", "--format", "csv"),
    ("resolve",),
    ("resolve", "--format", "json"),
    ("resolve", "--ask"),
    ("plan", "-v"),
)


def test_no_view_shows_what_an_address_lets_in(surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    page = surroundings / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    (surroundings / "film.yaml").write_text(FILM)
    (surroundings / "faults.yaml").write_text(FAULTS)
    run = ("run", "film.yaml", "--yes", "--trace", "trace.jsonl")
    heard = [say(*run, "--rehearsal-script", "faults.yaml", "--progress", "json")]
    assert heard[0].code == Exit.NEEDS_PERSON, heard[0]
    heard.append(say(*run, "--rehearsal", "--failed", "--progress", "lines"))
    reason = ("--write-off", "--reason", f"see {ADDRESS}")
    heard += [say(*words, "--rehearsal", *_manifest(words)) for words in COMMANDS]
    heard.append(say("resolve", "turn", "--rehearsal", *reason))
    heard.append(say("show", "turn", "film.yaml", "--rehearsal"))
    for said in heard:
        assert "SECRET" not in said.out + said.err, said
    assert "https://…@cdn.test/a.png?…" in heard[-1].out
    written = (file for kind in ("**/*.html", "**/*.json*", "*.yaml") for file in surroundings.glob(kind))
    for file in (page, *written):
        if file.name not in {"film.yaml", "mock.jsonl"}:
            assert "SECRET" not in file.read_text(), file
    kept = surroundings / ".hailuo/rehearsal/.hailuo/mock.jsonl"
    assert kept.read_text().count(ADDRESS) >= 2, "what is sent stays as it was written"


def _manifest(words: tuple[str, ...]) -> tuple[str, ...]:
    return () if words[0] in {"costs", "resolve"} else ("film.yaml",)


def test_a_marked_line_of_any_file_keeps_its_place(surroundings: Path, say: Say) -> None:
    (surroundings / "hailuo.yaml").write_text(f'version: 1\nextra: "{ADDRESS}"\n')
    film = FILM.replace("duration: 6", "duration: 6, odd: 1").replace("id: turn", "id: t rn")
    (surroundings / "film.yaml").write_text(film)
    said = say("validate", "film.yaml")
    assert said.code == Exit.INVALID
    assert "SECRET" not in said.out + said.err
