"""Every command that shows a rehearsal says that it was one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hailuo_batch.errors import Exit

Say = Callable[..., Any]

FILM = """\
version: 1
campaign: film
providers: [minimax]
shots:
  - {id: open, prompt: a kite rises, duration: 6, resolution: 768p}
"""
COMMANDS = ("status {}", "plan {}", "report {}", "show open {}", "explain open {}", "verify {}", "costs", "audit")


def test_every_view_of_a_rehearsal_says_so(surroundings: Path, say: Say) -> None:
    (surroundings / "film.yaml").write_text(FILM)
    ran = say("run", "film.yaml", "--rehearsal", "--yes", "--progress", "none")
    assert ran.code == Exit.DONE
    assert ran.out.startswith("Rehearsed 1 clip")
    assert "\nEstimated cost: 0.28 USD" in ran.out
    for command in COMMANDS:
        words = command.format("film.yaml").split()
        assert say(*words, "--rehearsal", "--format", "json").out.count('"rehearsal": true'), command
        if words[0] != "plan":  # which has nothing to do, and one line that says so
            assert "ehearsal" in say(*words, "--rehearsal").out, command
    page = surroundings / ".hailuo" / "rehearsal" / "renders" / "film.html"
    assert "nothing here was paid for" in page.read_text()
    assert json.loads(say("status", "film.yaml", "--format", "json").out)["rehearsal"] is False
