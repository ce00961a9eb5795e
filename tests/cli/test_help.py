"""What --help says, of the program and of each command, whole."""

from collections.abc import Callable
from typing import Any

import click
import pytest

from hailuo_batch import __version__
from hailuo_batch.cli.main import COMMANDS, commands, load_command

Say = Callable[..., Any]
Golden = Callable[[str, str], None]


def test_the_help_lists_every_command(say: Say, golden: Golden) -> None:
    said = say("--help")
    assert (said.code, said.err) == (0, "")
    golden(said.out, "help.txt")
    assert say("-h") == said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, say: Say, golden: Golden) -> None:
    said = say(name, "--help")
    assert (said.code, said.err) == (0, "")
    golden(said.out, f"help_{name}.txt")
    assert say(name, "-h") == said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_has_words(name: str) -> None:
    command = load_command(name)
    assert command.name == name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
            assert parameter.help.endswith("."), f"{name} {parameter.opts}"
        else:
            named = (parameter.metavar or parameter.name or "").split("[")[0].upper()
            assert named in (command.help or ""), f"{name} says nothing of {named}"


def test_the_version_is_that_of_the_package(say: Say) -> None:
    assert say("--version").out == f"hailuo-batch {__version__}\n"


def test_nothing_but_the_name_shows_the_help_as_a_wrong_command_line(say: Say) -> None:
    said = say()
    assert said.code == 2
    assert said.out == ""
    assert said.err.rstrip() == say("--help").out.rstrip()


def test_the_commands_are_the_files_of_the_room() -> None:
    """A file that is not in the table would be a command that nobody finds."""
    from pathlib import Path

    import hailuo_batch.cli as room

    files = {path.stem for path in Path(room.__file__).parent.glob("*.py")}
    shared = {"__init__", "main", "options", "output", "streams", "run_async", "interactive", "run_output", "several"}
    shared |= {"trace", "trace_options", "endings", "saved_plan", "choices", "notify", "transfer_output"}
    modules = {(load_command(name).callback.__module__ or "").rpartition(".")[2] for name in COMMANDS}
    assert modules == files - shared
    assert commands.list_commands(click.Context(commands)) == list(COMMANDS)
