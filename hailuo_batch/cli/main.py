"""The command line's door: finds the command, and turns every way a command can end into text and an exit code.

Commands are loaded when they are called; `--help` loads none of them. This is the only place that knows exit codes of
foreign exceptions.
"""

import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from hailuo_batch import __version__
from hailuo_batch.cli.streams import prepare_streams
from hailuo_batch.cli.trace_options import add_trace_options, trace_options
from hailuo_batch.core.pages import page
from hailuo_batch.errors import Exit, HailuoError, StoreError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Create a first project to start from.",
    "trust": "Trust a project's settings on this machine.",
    "import": "Make or update a manifest from a spreadsheet.",
    "export": "Write a manifest's shots as a spreadsheet.",
    "validate": "Check a manifest and report every problem.",
    "plan": "Show what a run would do, why and for how much.",
    "diff": "Show what changed between revisions of git, shot by shot.",
    "watch": "Check and plan again whenever a file is saved.",
    "approve": "Approve takes, or a saved plan.",
    "run": "Render what is missing.",
    "fetch": "Download clips already paid for; submit nothing.",
    "push": "Put clips into the store that several machines share.",
    "pull": "Bring clips from the store that several machines share.",
    "status": "Show the state of every take.",
    "explain": "Explain why a take would be rendered or not, field by field.",
    "show": "Show a shot's takes with every attempt and event.",
    "resolve": "List takes in doubt, and settle them.",
    "select": "Choose the take of a shot that is used.",
    "reject": "Say that a clip is not good, and why.",
    "omit": "Leave a shot out.",
    "note": "Write a note about a shot or a take.",
    "retake": "Request one more take of a shot, unchanged.",
    "merge-review": "Merge two review files; git calls it.",
    "accept": "Keep an earlier clip for a changed request.",
    "verify": "Check ledger, store, names and lock against each other.",
    "ledger": "Mend a ledger, or work with one that machines share.",
    "gc": "List or delete clips that nothing refers to.",
    "review": "Open a page on which takes are compared and chosen.",
    "sheet": "Write the contact sheet: every shot, its takes side by side.",
    "report": "Write the campaign's report: text, Markdown, JSON, CSV, JUnit or a page.",
    "costs": "Show what was spent, by tag, shot, provider, month or campaign.",
    "evidence": "Write where each clip comes from, for anyone who asks.",
    "audit": "Prove that each request was bought once.",
    "providers": "List the providers: lengths, prices, limits.",
    "prices": "List the prices in effect, and learn them from what was charged.",
    "work": "Do the heavy, free work of other machines.",
    "mock": "Run a local server that mocks all gateways.",
    "doctor": "Check this machine and this project.",
    "schema": "Print a JSON Schema, for editors and programs.",
    "completion": "Print the shell's completion script.",
}
_MODULES = {"import": "import_sheet", "merge-review": "merge_review"}  # where a command's name is no module's name


def load_command(name: str) -> click.Command:
    """One of the commands by its name."""
    command: click.Command = import_module(f"hailuo_batch.cli.{_MODULES.get(name, name)}").command
    return command


class _LazyCommands(click.Group):
    """Commands by name, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return add_trace_options(load_command(cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=words) for name, words in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:  # what click returns is what a command returns
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as end:  # click would put an empty line before its own `Abort`
            raise click.Abort from end

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from hailuo_batch.core.problem import did_you_mean

            ctx.fail(f'there is no command "{args[0]}". {did_you_mean(args[0], COMMANDS)}'.strip())
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyCommands,
    params=trace_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes, and what each command prints:\n  {page('commands')}",
)
@click.version_option(__version__, "--version", message="hailuo-batch %(version)s")
def commands(**_: object) -> None:
    """Shot lists as source code: plan, render and keep MiniMax Hailuo-02 clips.

    Everything except `run` and `fetch` works without an API key and costs nothing. Only questions to a gateway, such as
    `resolve --ask`, need a key too. Try `run --sketch`: it renders free previews on this machine.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with one of the codes of `Exit`."""
    gc.disable()  # a command builds and ends; `run` turns the collector on when it has planned
    prepare_streams()
    endings: list[Callable[[int], None]] = []
    code = run_command_line(args, endings)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader may have ended
            stream.flush()
    # Everything durable is closed by now. Freeing 100,000 shots one by one would take a tenth of the whole command, so
    # `endings` still has what `run_sync` returned.
    os._exit(code)


def run_command_line(args: Sequence[str] | None = None, endings: list[Callable[[int], None]] | None = None) -> int:
    """Runs the command line; the exit code. `endings` is filled with what a command leaves to its end."""
    endings = [] if endings is None else endings
    code = _run_command(args, endings)
    for end in endings:
        end(code)
    return code


def _run_command(args: Sequence[str] | None, endings: list[Callable[[int], None]]) -> int:  # noqa: PLR0911 - one return for each way to end
    try:
        code = commands.main(args, prog_name="hailuo-batch", standalone_mode=False, obj=endings)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        _print_usage_error(error)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt) as end:
        return _report_interrupt(end.__cause__)
    except HailuoError as error:
        return _print_error(error)
    except SystemExit:  # click ends so when it has completed a word, or when the reader of `--help` has ended
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 - the last place that can say so
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return _print_error(_too_many_files_error(error))
        return _report_bug()
    return int(code or 0)


def _too_many_files_error(error: OSError) -> HailuoError:
    """Modules are loaded when they are used, so this may come wherever one is."""
    remedy = "Run fewer takes at a time (`-j`), or raise `ulimit -n`, then run the command again."
    return StoreError("too many open files", why=f"The system says: {error.strerror}.", remedy=remedy)


def _print_usage_error(error: click.UsageError) -> None:
    from hailuo_batch.cli.output import format_error

    if type(error).show is not click.UsageError.show:  # no command at all: click shows the help, without an error
        with suppress(OSError):
            error.show()
        return
    context = error.ctx or click.Context(commands, info_name="hailuo-batch")
    remedy = f"To see how it is used:\n    {context.command_path} --help"
    _print_stderr(format_error(HailuoError(error.format_message(), remedy=remedy)))


def _print_error(error: HailuoError) -> int:
    from hailuo_batch.cli.output import format_error

    _print_stderr(format_error(error))
    return error.exit


_INTERRUPT_TEXT = "Interrupted. What was finished is stored; the next run resumes from there."
_PURCHASE_TEXT = """
A request that was being submitted may be in doubt. It may be billed, and so may tasks that are still running.
To list takes in doubt:
    {resolve}
To download clips already paid for:
    {fetch}"""


def _report_interrupt(cause: BaseException | None) -> int:
    from hailuo_batch.cli.run_async import InterruptedPurchase

    if sys.stderr.isatty():
        _print_stderr("")  # the terminal has just shown ^C, or a question that was not answered
    more = ""
    if isinstance(cause, InterruptedPurchase):
        from hailuo_batch.core.world import command_line
        from hailuo_batch.views.format import safe_text

        manifest = safe_text(str(cause))
        more = _PURCHASE_TEXT.format(**{name: command_line(name, manifest=manifest) for name in ("resolve", "fetch")})
    _print_stderr(_INTERRUPT_TEXT + more)
    return Exit.INTERRUPTED


def _report_bug() -> int:
    import traceback

    from hailuo_batch.cli.trace import report_bug

    _print_stderr(report_bug(traceback.format_exc()))
    _print_stderr("This is a bug in hailuo_batch. What was paid for is in the ledger; please report the lines above.")
    return Exit.BUG


def _print_stderr(words: str) -> None:
    with suppress(OSError):  # the reader of stderr may have ended; the exit code still says it
        click.echo(words, err=True)


if __name__ == "__main__":
    main()
