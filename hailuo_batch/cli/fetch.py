"""hailuo-batch fetch"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli import options
from hailuo_batch.cli.output import drawn_error, ink_for, print_json, print_text, shown_path
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.views.format import safe

if TYPE_CHECKING:
    from hailuo_batch.app.fetch import Owed
    from hailuo_batch.app.fetch_orphans import Brought
    from hailuo_batch.app.run import Ran

_Troubles = dict[str, HailuoError]


@click.command("fetch")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mock", is_flag=True, help="The tasks of rehearsals.")
@options.progress
@options.output_format
def command(manifests: tuple[Path, ...], *, mock: bool, progress: str, form: str) -> int:
    """Bring home what was paid for and is not in the store: of MANIFESTS, or of every manifest that was run here.

    Running tasks are waited for, made clips are downloaded. Nothing is submitted, so nothing is spent. What is wrong
    with one manifest keeps no other from coming home; clips of which no manifest is left come home without a name.
    """
    from hailuo_batch.app.fetch import owed

    found = None if manifests else wait_for(owed(Path.cwd(), rehearsal=mock))
    runs, troubles = _fetched(manifests if found is None else found.manifests, mock=mock, progress=progress)
    brought = None
    if found is not None and not any(ran.exit is Exit.INTERRUPTED for ran in runs):
        brought = _brought(found, troubles, mock=mock, progress=progress)
    _tell(runs, found, brought, troubles, form)
    _tell_troubles(troubles, brought, several=len(runs) + len(troubles) > 1)
    codes = [*(Exit(ran.exit) for ran in runs), *(error.exit for error in troubles.values())]
    return max([*codes, brought.exit] if brought is not None else codes, key=_WORST.index, default=Exit.DONE)


# Of several manifests, what a person has to see first is the command's exit code.
_WORST = (
    Exit.DONE,
    Exit.TAKES_FAILED,
    Exit.REFUSED,
    Exit.INVALID,
    Exit.LEDGER,
    Exit.KEY,
    Exit.BALANCE,
    Exit.NEEDS_PERSON,
    Exit.INTERRUPTED,
)


def _fetched(manifests: Iterable[Path], *, mock: bool, progress: str) -> "tuple[list[Ran], _Troubles]":
    """What each manifest came to, until somebody stops it; one that cannot be gone on with is told at the end."""
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.cli.run import rendered

    runs, troubles = [], {}
    for manifest in manifests:
        try:
            ran = wait_for(rendered(manifest, scope=Scope.HOME, mock=mock, progress=progress))
        except HailuoError as error:
            troubles[shown_path(manifest)] = error
            continue
        runs.append(ran)
        if ran.exit is Exit.INTERRUPTED:
            break
    return runs, troubles


def _brought(found: "Owed", troubles: _Troubles, *, mock: bool, progress: str) -> "Brought | None":
    """What became of the tasks of which no manifest is left; None where there is none."""
    if not found.strays:
        return None
    try:
        return wait_for(_bring(found, mock=mock, progress=progress))
    except HailuoError as error:
        troubles["tasks of which no manifest is left"] = error
        return None


async def _bring(found: "Owed", *, mock: bool, progress: str) -> "Brought":
    from hailuo_batch.app.fetch_orphans import bring_home
    from hailuo_batch.app.running.context import Terms
    from hailuo_batch.app.running.drivers import Rehearsal
    from hailuo_batch.cli.run import watched

    with watched(progress) as (listener, stop):
        terms = Terms(rehearsal=Rehearsal() if mock else None)
        return await bring_home(found, terms=terms, listener=listener, stop=stop)


def _tell(runs: "list[Ran]", found: "Owed | None", brought: "Brought | None", troubles: _Troubles, form: str) -> None:
    from hailuo_batch.cli.run import members, tell
    from hailuo_batch.views.orphans import draw_strays, stray_members

    home, away = (brought.home, brought.away) if brought is not None else ((), ())
    if form == "json":
        strays = stray_members(home, away)
        left = [{"manifest": name, "summary": error.summary, "why": error.why} for name, error in troubles.items()]
        told = [members(ran) for ran in runs]
        print_json({"version": 1, "manifests": told, "strays": strays, "left_out": left})
        return
    for ran in runs:
        tell(ran, form)
    if brought is not None and found is not None:
        print_text(draw_strays(home, away, found.gone, ink_for(sys.stdout)))
    if not runs and brought is None and not troubles:
        print_text("Everything that was paid for is home.")


def _tell_troubles(troubles: _Troubles, brought: "Brought | None", *, several: bool) -> None:
    """Each trouble once, with the manifests that it kept from coming home; a ledger that is held keeps them all."""
    kept: dict[str, list[str]] = {}
    for name, error in troubles.items():
        kept.setdefault(drawn_error(error), []).append(safe(name))
    for text, names in kept.items():
        click.echo(f"Not fetched: {', '.join(names)}\n{text}" if several else text, err=True)
    if brought is not None and brought.trouble is not None:
        click.echo(drawn_error(brought.trouble), err=True)
