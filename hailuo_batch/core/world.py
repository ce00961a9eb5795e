"""The three worlds of every command, and how a command is written so that it stays in its world.

Nothing of one world is used in another: each has clips of its own, and only the real one costs money.
"""

from enum import StrEnum


class World(StrEnum):
    """Where takes come from."""

    REAL = "real"  # bought from providers
    SKETCH = "sketch"  # drawn on this machine, free
    REHEARSAL = "rehearsal"  # bought from the mock inside, free

    @property
    def option(self) -> str:
        """What a command line says to be in this world; nothing for the real one."""
        return "" if self is World.REAL else f"--{self}"


def command_line(command: str, *words: str, world: World = World.REAL) -> str:
    """A command that can be pasted as it is: its words are quoted, and it repeats the world.

    >>> command_line("run", "my film.yaml", world=World.SKETCH)
    "hailuo-batch run --sketch 'my film.yaml'"
    """
    from shlex import quote  # only a hint needs it

    options = (world.option,) if world.option else ()
    return " ".join(["hailuo-batch", command, *options, *map(quote, words)])
