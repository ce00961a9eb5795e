"""Arguments and options that several commands share, each said once."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from hailuo_batch.app.workspace.paths import is_sidecar
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError

_GLOB_SIGNS = frozenset("*?[")
manifest = click.argument(
    "manifest", required=False, type=click.Path(path_type=Path), callback=lambda *given: find_manifest(given[2])
)


manifests = click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))


def find_several(given: tuple[Path, ...]) -> tuple[Path, ...]:
    """The manifests that are meant: those that are named, in folders or by patterns, else the only one there is."""
    if not given:
        return (find_manifest(None),)
    is_folder = given[0].is_dir() and given[0].suffix not in {".yaml", ".yml"}
    if len(given) == 1 and not is_folder and not _GLOB_SIGNS & set(str(given[0])):
        return given
    from hailuo_batch.app.planning.manifest_files import list_manifests

    return list_manifests(given)


class _ShotsArgument(click.Argument):
    """Several shots before a manifest that may be left out: what is no file and does not end in .yaml is a shot."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        last = opts.get("manifest")
        if (
            isinstance(last, str) and self.is_shot(last) and isinstance(opts, dict)
        ):  # click fills the arguments in turn, from this very dict
            before = opts.get("shots")
            opts["shots"] = (*(before if isinstance(before, tuple) else ()), opts.pop("manifest"))
        return super().handle_parse_result(ctx, opts, args)

    def is_shot(self, word: str) -> bool:
        """Whether the last word is no manifest."""
        return not word.lower().endswith((".yaml", ".yml")) and not Path(word).is_file()


class _TakesOrPlanArgument(_ShotsArgument):
    """The same; a saved plan may stand where shots do."""

    def is_shot(self, word: str) -> bool:
        """Whether the last word is no manifest."""
        return super().is_shot(word) or is_plan(word)


def is_plan(word: str) -> bool:
    """Whether a word names a saved plan and no shot: it ends in .json, or it is a file and no manifest."""
    ending = Path(word).suffix.lower()
    return ending == ".json" or (ending not in {".yaml", ".yml"} and Path(word).is_file())


takes_or_plan = click.argument("shots", cls=_TakesOrPlanArgument, nargs=-1, required=True)
shots = click.argument("shots", cls=_ShotsArgument, nargs=-1, required=True)
only = click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only these takes: an id or glob, tag:X, seq:X, state:X, or SHOT#TAKE; may be repeated.",
)
shard = click.option(
    "--shard", metavar="I/N", help="Only the I-th of N parts, for several machines; all N together are the plan."
)
output_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or programs.",
)
run_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="For people, programs or CI servers.",
)


def world(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--sketch` and `--rehearsal`, which mean the same in every command; the command gets one `world`."""

    @click.option("--sketch", is_flag=True, help="Sketches instead of real takes: drawn on this machine, free.")
    @click.option("--rehearsal", is_flag=True, help="Rehearsed takes instead: bought from the mock inside, free.")
    @wraps(command)
    def choose_world(*args: Any, sketch: bool, rehearsal: bool, **others: Any) -> Any:
        if sketch and rehearsal:
            raise click.UsageError("--sketch and --rehearsal are two worlds; choose one.")
        chosen = World.SKETCH if sketch else World.REHEARSAL if rehearsal else World.REAL
        return command(*args, world=chosen, **others)

    return choose_world


def find_manifest(given: Path | None) -> Path:
    """The manifest that is meant: the one named, else the only one in manifests/."""
    if given is not None:
        return given
    here = sorted(p for ending in ("yaml", "yml") for p in Path("manifests").glob(f"*.{ending}") if not is_sidecar(p))
    if len(here) == 1:
        return here[0]
    if not here:
        raise InputError(
            "which manifest?", why="There is none in manifests/.", remedy="Create one:\n    hailuo-batch init"
        )
    from hailuo_batch.app.planning.manifest_files import is_only_included

    here = [path for path in here if not is_only_included(path)] or here
    if len(here) == 1:
        return here[0]
    names = "".join(f"\n    {path.as_posix()}" for path in here)
    raise InputError("which manifest?", why="There are several. Name one of them:" + names)


sort = click.option(
    "--sort",
    type=click.Choice(["manifest", "marks"]),
    default="manifest",
    show_default=True,
    help="The order of takes: as written, or those first whose clips have most marks.",
)
max_cost = click.option("--max-cost", metavar="AMOUNT", help='The most a run may spend, such as 12.50 or "12.50 EUR".')
progress = click.option(
    "--progress",
    type=click.Choice(["auto", "live", "lines", "json", "none"]),
    default="auto",
    show_default=True,
    help="How to show the run on stderr; auto: live on a terminal, lines elsewhere and if CI is set.",
)
