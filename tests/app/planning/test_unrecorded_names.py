"""A run that died between placing a file and recording its name: the next version of the shot takes no name twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit

FILM = """\
version: 1
campaign: film
defaults: {{duration: 1, resolution: 512p}}
shots:
  - {{id: a, prompt: {}}}
  - {{id: b, prompt: a boat}}
"""
SKETCH = RunOptions(world=World.SKETCH, jobs=1)


async def test_a_changed_shot_whose_name_was_placed_and_not_recorded_gets_the_next_version(tmp_path: Path):
    film = tmp_path / "film.yaml"
    film.write_text(FILM.format("a kite"))
    assert (await run(film, SKETCH)).exit is Exit.DONE
    with closing(sqlite3.connect(tmp_path / ".hailuo" / "ledger.db", isolation_level=None)) as ledger:
        ledger.execute("DELETE FROM names WHERE shot = 'a'")
    film.write_text(FILM.format("a kite rises"))
    ran = await run(film, SKETCH)
    assert (ran.exit, ran.outcome.failed) == (Exit.DONE, ())
    assert [row.file for row in ran.after.report.rows] == ["film_a_v002_sketch.mp4", "film_b_v001_sketch.mp4"]
