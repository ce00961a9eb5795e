"""Draws the pictures of README and docs: `python tools/draw_pictures.py [NAME…]`, by default all, into docs/pictures.

Each one shows what the program does at this moment, from a rehearsal in a folder of its own; nothing is bought and no
network is used. Their letters are those of the reader's machine: no picture loads a font.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from time import monotonic

from review_picture import draw_review
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text
from sheet_picture import draw_sheet

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 90, 24
SECONDS = 180.0  # after which something is wrong
FILM = """\
version: 1
campaign: aurora-spring
providers: [minimax]
budget: {max: 12, currency: USD}
vars: {bottle: a frosted glass bottle with a copper cap}
defaults: {duration: 6, resolution: 768p}
shots:
  - {id: open, prompt: "${bottle} rises out of morning mist [Push in]"}
  - {id: turn, prompt: "the cap turns and catches the light", frames: {first: {shot: open, frame: last}}}
  - {id: land, prompt: "the bottle lands on wet slate", frames: {first: {shot: turn, frame: last}}}
  - id: pack-${colour}
    matrix: {colour: [amber, blue, green, red, rose, teal, violet, white]}
    prompt: ${bottle} in ${colour}, on a turntable [Static shot]
    takes: 2
"""
SCRIPT = """\
task: {queued: 40, running: 300, spread: 0.5}
faults:
  - {fault: throttled, call: submit, nth: 9, retry_after: 200}
"""
SETTINGS = "version: 1\nlimits: {minimax: {per_minute: 6}}\n"
# What one redraw of the table begins with: up, and every line empty.
_REDRAW = re.compile(r"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*|\x1b\[\?25[lh]")
_FONT = "ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def draw_run(target: Path) -> None:
    """The live table in the middle of a rehearsal, as a terminal shows it."""
    with _project() as folder:
        words = ("run", "--rehearsal", "--rehearsal-script", "slow.yaml", "film.yaml")
        shown = next(frame for frame in _frames(folder, words) if _is_telling(frame))
    _write_terminal(target, "hailuo-batch run --rehearsal", shown)


def _is_telling(frame: str) -> bool:
    """Whether a frame shows what the table is for: clips are stored, and every kind of wait is there."""
    plain = Text.from_ansi(frame).plain
    wanted = ("spent", "reserved", "trying again in 4 s", "next poll", "waits for a frame", "about ")
    return all(word in plain for word in wanted)


@contextmanager
def _project() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        for name, text in (("film.yaml", FILM), ("slow.yaml", SCRIPT), ("hailuo.yaml", SETTINGS)):
            (Path(folder) / name).write_text(text, encoding="utf-8")
        yield Path(folder)


def _frames(folder: Path, words: tuple[str, ...]) -> Iterator[str]:
    """Each picture that a command draws on a terminal of its own; the command ends with the last one wanted."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "HAILUO_STATE": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    for name in ("CI", "NO_COLOR", "COLUMNS", "LINES"):
        env.pop(name, None)
    command = [sys.executable, "-m", "hailuo_batch.cli.main", *words]
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=there, stdout=there, stderr=there)
    os.close(there)
    try:
        yield from _split_frames(here)
    finally:
        process.kill()
        process.wait()
        os.close(here)


def _split_frames(terminal: int) -> Iterator[str]:
    begun, rest = monotonic(), ""
    while monotonic() - begun < SECONDS:
        if not select([terminal], [], [], 1.0)[0]:
            continue
        try:
            rest += os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # the command has ended
            return
        *whole, rest = _REDRAW.split(rest)
        yield from (frame.replace("\r", "") for frame in whole if frame.strip())


def _write_terminal(target: Path, title: str, shown: str) -> None:
    """A terminal's text as a drawing of its window."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    lines = Text.from_ansi(shown)
    console.print(Text(f"$ {title} film.yaml", style="bold"))
    console.print(lines)
    fonts = re.compile(r"@font-face \{\{.*?\n    \}\}\n", re.DOTALL)
    form = fonts.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, monospace", _FONT).replace("arial", "sans-serif")
    drawn = console.export_svg(title=title, theme=DIMMED_MONOKAI, code_format=form, unique_id=target.stem)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", encoding="utf-8")


PICTURES: dict[str, Callable[[Path], None]] = {
    "review.webp": draw_review,
    "run.svg": draw_run,
    "sheet.webp": draw_sheet,
}


def main(wanted: list[str]) -> None:
    """Draws the pictures of these names, or all."""
    for name, draw in PICTURES.items():
        if not wanted or name.partition(".")[0] in wanted:
            draw(FOLDER / name)
            print(FOLDER / name)


if __name__ == "__main__":
    main(sys.argv[1:])
