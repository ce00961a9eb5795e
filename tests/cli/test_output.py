"""Results go to stdout, all else to stderr; JSON is JSON; colour is for terminals; a reader may leave."""

import json
import os
import pty
import re
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_samples import FILM, PROGRAM

Say = Callable[..., Any]

READS: dict[str, tuple[str, ...]] = {
    "validate": ("validate", "--sketch"),
    "plan": ("plan", "--sketch"),
    "status": ("status", "--sketch"),
    "explain": ("explain", "turn", "--sketch"),
    "show": ("show", "open", "--sketch"),
    "verify": ("verify", "--sketch"),
    "report": ("report", "--sketch"),
    "costs": ("costs",),
    "evidence": ("evidence", "--sketch"),
    "audit": ("audit",),
    "gc": ("gc",),
    "resolve": ("resolve",),
    "fetch": ("fetch",),
    "providers": ("providers",),
    "prices": ("prices",),
    "doctor": ("doctor",),
    "trust": ("trust",),
    "run": ("run", "--sketch"),
    "run -n": ("run", "--sketch", "-n"),
}
# Some write: see test_reviewing_commands.py and test_sheets.py. `diff` needs a history: see test_diff_command.py.
# `push` and `pull` need a shared store: see test_shared_store_flow.py.
ELSEWHERE = {"retake", "accept", "import", "diff", "select", "approve", "reject", "omit", "note", "push", "pull"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one sketch drawn and one to draw: `open` is there, `turn` is not."""
    root = tmp_path_factory.mktemp("drawn")
    (root / ".git").mkdir()
    (root / "manifests").mkdir()
    (root / "manifests" / "film.yaml").write_text(FILM)
    line = [*PROGRAM, "run", "--sketch", "--only", "open", "--progress", "none"]
    subprocess.run(line, cwd=root, check=True, capture_output=True)
    return root


@pytest.fixture(scope="module")
def finished(drawn: Path) -> Path:
    """The same with nothing left to do."""
    subprocess.run([*PROGRAM, "run", "--sketch", "--progress", "none"], cwd=drawn, check=True, capture_output=True)
    return drawn


@pytest.mark.parametrize("name", READS)
def test_results_go_to_stdout_alone(name: str, finished: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished)
    said = say(*READS[name])
    assert said.err == ""
    assert said.out.strip()
    assert "\x1b" not in said.out, "not a terminal"


@pytest.mark.parametrize("name", READS)
def test_json_of_every_command_parses_and_carries_its_version(
    name: str, finished: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    said = say(*READS[name], "--format", "json")
    assert said.err == ""
    members = json.loads(said.out)
    assert members["version"] == (2 if READS[name][0] in {"plan", "status", "report", "run"} else 1)
    assert next(iter(members)) == "version"


def test_every_command_with_a_format_is_in_the_table_above() -> None:
    from hailuo_batch.cli.main import COMMANDS, load_command

    def formats(name: str) -> bool:
        return "form" in {each.name for each in load_command(name).params}

    assert {name for name in COMMANDS if formats(name)} == set(READS) - {"run -n"} | ELSEWHERE


def test_json_of_an_invalid_manifest_is_json_for_validate(film: Path, say: Say) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, promt: x}]\n")
    said = say("validate", "--format", "json")
    assert said.code == 3
    (manifest,) = json.loads(said.out)["manifests"]
    assert (manifest["valid"], manifest["problems"][0]["line"]) == (False, 3)


@pytest.mark.parametrize("args", [("plan",), ("status",), ("run", "--sketch"), ("explain", "open"), ("report",)])
def test_what_ends_a_command_is_text_on_stderr_also_where_json_was_asked_for(
    film: Path, say: Say, args: tuple[str, ...]
) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, promt: x}]\n")
    said = say(*args, "--format", "json")
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("manifests/film.yaml:3:20: unknown key [key-unknown]\n")


@pytest.mark.usefixtures("quick_sketches")
def test_progress_goes_to_stderr_and_the_result_to_stdout(film: Path, say: Say) -> None:
    said = say("run", "--sketch", "--progress", "json", "--format", "json")
    events = [json.loads(line) for line in said.err.splitlines()]
    assert [each["event"] for each in events][::6] == ["RunStarted", "RunEnded"]
    assert len(events) == 7
    assert json.loads(said.out)["summary"]["actions"]["reuse"] == 2


def test_a_schema_is_a_schema(say: Say) -> None:
    for name in ("manifest", "settings", "provider", "report"):
        assert json.loads(say("schema", name).out)["title"].startswith("hailuo_batch ")
    assert say("schema").out == say("schema", "manifest").out


def test_github_gets_annotations_beside_the_words(film: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, promt: x}]\n")
    assert "::error" not in say("validate").out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "\n::error file=manifests/film.yaml,line=3,col=20,title=unknown key [key-unknown]::" in say("validate").out
    assert "::" not in say("validate", "--format", "json").out


def on_a_terminal(*args: str, cwd: Path, **env: str | None) -> tuple[int, str]:
    """The exit code, and what a terminal of 100 columns would show; None takes a variable away."""
    here, there = pty.openpty()
    given = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **env}
    environment = {name: value for name, value in given.items() if value is not None}
    run = subprocess.Popen([*PROGRAM, *args], stdin=there, stdout=there, stderr=there, cwd=cwd, env=environment)
    os.close(there)
    shown = b""
    while select.select([here], [], [], 30)[0]:
        try:
            piece = os.read(here, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(here)
    return run.wait(timeout=30), shown.decode()


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


PLAINLY: tuple[dict[str, str | None], ...] = ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}, {"TERM": None})


@pytest.mark.parametrize(
    ("args", "plainly"),
    [(("plan", "--sketch"), PLAINLY), (("status", "--sketch"), PLAINLY[:1]), (("validate", "--sketch"), PLAINLY[1:2])],
    ids=["plan", "status", "validate"],
)
def test_a_terminal_has_colour_unless_it_is_dumb_or_told_not_to(
    args: tuple[str, ...], plainly: tuple[dict[str, str | None], ...], drawn: Path
) -> None:
    code, shown = on_a_terminal(*args, cwd=drawn)
    assert code == 0
    assert COLOUR.search(shown)
    for env in plainly:
        code, plain = on_a_terminal(*args, cwd=drawn, **env)
        assert code == 0
        assert "\x1b" not in plain, env
        assert COLOUR.sub("", shown) == plain, "the same words"


def test_an_error_has_colour_on_a_terminal_alone(drawn: Path) -> None:
    assert on_a_terminal("plan", "nothere.yaml", cwd=drawn)[1].startswith(
        "\x1b[31merror:\x1b[0m no such file: nothere.yaml"
    )
    assert "\x1b" not in on_a_terminal("plan", "nothere.yaml", cwd=drawn, NO_COLOR="1")[1]


def test_a_run_is_live_on_a_terminal_alone(film: Path) -> None:
    root = film.parent.parent
    code, shown = on_a_terminal("run", "--sketch", "--only", "open", cwd=root)
    assert code == 0
    assert "\x1b[?25l" in shown, "the live table hides the cursor"
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "and brings it back"
    film.write_text(film.read_text().replace("a bottle", "two bottles"))
    code, shown = on_a_terminal("run", "--sketch", "--only", "open", cwd=root, TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert "[1/1] open#1 stored" in shown
    film.write_text(film.read_text().replace("two bottles", "three bottles"))
    code, shown = on_a_terminal("run", "--sketch", "--only", "open", cwd=root, CI="true", NO_COLOR="1")
    assert "\x1b" not in shown
    assert "[1/1] open#1 stored" in shown


def test_no_color_leaves_the_live_table_without_colour(film: Path) -> None:
    code, shown = on_a_terminal("run", "--sketch", "--only", "open", cwd=film.parent.parent, NO_COLOR="1")
    assert code == 0
    assert "\x1b[?25l" in shown
    assert not COLOUR.search(shown)


def piped(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of the shell, in which `hb` is the program and `pipefail` tells of it."""
    script = f'set -o pipefail; hb() {{ {" ".join(PROGRAM)} "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script], cwd=cwd, capture_output=True, text=True, errors="replace", check=False
    )


def long_film(film: Path) -> Path:
    shots = "".join(f"  - {{id: shot-{n}, prompt: a bottle in mist number {n}}}\n" for n in range(2000))
    film.write_text(f"version: 1\ncampaign: teaser\nshots:\n{shots}")
    return film.parent.parent


def test_a_reader_that_leaves_is_no_error(film: Path) -> None:
    root = long_film(film)
    for line in (
        "hb plan | head -1",
        "hb status | head -1",
        "hb status --format json | head -1",
        "hb --help | head -1",
    ):
        ended = piped(line, root)
        assert (ended.returncode, ended.stderr) == (0, ""), line
        assert len(ended.stdout.splitlines()) == 1, line


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_an_old_encoding_of_a_pipe_is_no_error(film: Path, encoding: str) -> None:
    """As `| more` on Windows reads it. JSON loses no letter."""
    text = film.read_text(encoding="utf-8").replace('prompt: "', 'prompt: "雨 → ', 1)
    film.write_text(text, encoding="utf-8")
    root = film.parent.parent
    for command in ("validate --sketch", "plan --sketch", "explain open --sketch", "providers", "--help"):
        ended = piped(f"PYTHONUTF8=0 PYTHONIOENCODING={encoding} hb {command} 2>&1 | cat", root)
        said = ended.stdout
        assert (ended.returncode, "Error" in said, "This is a bug" in said) == (0, False, False), said
    ended = piped(f"PYTHONUTF8=0 PYTHONIOENCODING={encoding} hb explain open --sketch --format json", root)
    assert "雨 → " in str(json.loads(ended.stdout))


def test_the_exit_code_is_told_also_when_nobody_reads(film: Path) -> None:
    root = film.parent.parent
    assert piped("hb plan --sketch --detailed-exitcode | :", root).returncode == 10
    assert piped("hb validate nothere.yaml 2>&1 | :", root).returncode == 3
    assert piped("hb pln 2>&1 | :", root).returncode == 2
    assert piped("hb --help | :", root).returncode == 0


def test_a_run_goes_on_when_its_progress_is_read_no_more(film: Path, say: Say) -> None:
    """Money: `run 2>&1 | head` must not end a run between paying and keeping."""
    ended = piped("hb run --sketch -j 1 2>&1 >/dev/null | head -0", film.parent.parent)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert say("plan", "--sketch", "--detailed-exitcode").code == 0


def test_closed_streams_are_no_error(film: Path) -> None:
    root = film.parent.parent
    ended = piped("hb plan --sketch >&-", root)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    ended = piped("hb plan nothere.yaml >&- 2>&- <&-", root)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")
    ended = piped("hb run --sketch --only open >&- 2>&-", root)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert piped("hb verify --sketch", root).returncode == 0, "nothing of ours was written into the ledger or a clip"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_below_the_output_is_told(film: Path) -> None:
    ended = piped("hb plan --sketch > /dev/full", film.parent.parent)
    assert ended.returncode == 3
    assert "the output cannot be written\n  The system says: No space left on device.\n" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_letters_that_a_terminal_lacks_are_question_marks(film: Path, spawn: Say) -> None:
    film.write_text(film.read_text().replace("the cap turns", "瓶子 🎬"), encoding="utf-8")
    said = spawn("plan", "--sketch", PYTHONIOENCODING="latin-1")
    assert said.code == 0
    assert said.out.startswith("teaser · manifests/film.yaml · sketch, drawn on this machine\n")
    assert "\n  ? turn#1 " in said.out, "the mark of what waits is no letter of Latin-1"
    said = spawn("plan", "--sketch", "--format", "json", PYTHONIOENCODING="latin-1")
    assert json.loads(said.out)["takes"][1]["prompt"] == "瓶子 🎬", "JSON has a way to write every letter"


def test_a_file_whose_name_is_no_text_is_named_all_the_same(film: Path, spawn: Say) -> None:
    odd = os.fsdecode(b"manifests/\xff\x1b[31m.yaml")
    Path(odd).write_bytes(film.read_bytes())
    for utf8 in ("0", "1"):  # in UTF-8 mode such a byte may be printed; elsewhere it cannot
        said = spawn("validate", "--sketch", odd, PYTHONUTF8=utf8, LC_ALL="C.UTF-8")
        assert said.code == 0
        assert said.out == "manifests/��[31m.yaml: valid, 2 shots, 2 takes.\n"
        assert spawn("plan", "--sketch", odd, "--format", "json", PYTHONUTF8=utf8).code == 0


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("more", [(), ("-n",)])
def test_a_run_of_failed_takes_says_that_nothing_failed(say: Say, more: tuple[str, ...]) -> None:
    said = say("run", "--failed", "--sketch", *more, "manifests/film.yaml")
    assert (said.code, said.out) == (
        0,
        "No take has failed or was refused, so --failed submits nothing. The state of all takes:\n"
        "    hailuo-batch status --sketch manifests/film.yaml\n",
    )


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("more", [(), ("--format", "json")], ids=["remembered", "planned"])
def test_a_manifest_with_nothing_to_do_is_on_the_page_that_ci_shows(
    command: str,
    more: tuple[str, ...],
    finished: Path,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(finished)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    assert say(command, "--sketch", *more).code == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.startswith("### teaser (sketches)\n\nNothing to do: 2 takes in the store")
