"""The three worlds of every command, and how a command is written so that it stays in its world.

Nothing of one world is used in another: each has clips of its own, and only the real one costs money.
"""

import re
from enum import StrEnum

# A rehearsal runs twenty times as fast as the world: a clip that takes four seconds is there after a fifth of one.
REHEARSAL_SPEED = 20.0
REHEARSAL_KEY = "rehearsal"  # the mock takes any key; its tasks belong to the one that bought them
_SAFE_TAKE = re.compile(r"[A-Za-z0-9_.-]+#([0-9]+(@[0-9]+)?|TAKE)")


class World(StrEnum):
    """Where takes come from."""

    REAL = "real"  # bought from providers
    SKETCH = "sketch"  # drawn on this machine, free
    REHEARSAL = "rehearsal"  # bought from the mock inside, free

    @property
    def option(self) -> str:
        """What a command line says to be in this world; nothing for the real one."""
        return "" if self is World.REAL else f"--{self}"


def command_line(command: str, *words: str, manifest: str = "", world: World = World.REAL) -> str:
    """A command that can be pasted as it is: its words are quoted, and it repeats the world and the manifest.

    >>> command_line("run", manifest="my film.yaml", world=World.SKETCH)
    "hailuo-batch run --sketch 'my film.yaml'"
    >>> command_line("resolve", "open#2", "--write-off", manifest="film.yaml")
    'hailuo-batch resolve open#2 --write-off film.yaml'
    """
    return " ".join(["hailuo-batch", command, *filter(None, (world.option, *map(_quote, words), _quote(manifest)))])


def _quote(word: str) -> str:
    """A word for a shell. The # of a take is safe in it, since it never begins a word."""
    from shlex import quote  # only a hint needs it

    return word if not word or _SAFE_TAKE.fullmatch(word) else quote(word)
