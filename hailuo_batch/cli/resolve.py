"""hailuo-batch resolve"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.resolve import Asked, Doubts, Settled, ask, ask_for_task, doubts, settle
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, shown_path
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.core.attempt.in_doubt import OpenAttempt, State, Verdict
from hailuo_batch.errors import Exit, InputError, RefusedError
from hailuo_batch.views.in_doubt import (
    doubts_members,
    draw_decision,
    draw_doubts,
    draw_matches,
    draw_settled,
    draw_unasked,
    match_members,
    settled_members,
)

if TYPE_CHECKING:
    from hailuo_batch.app.account import TaskWord


@click.command("resolve")
@click.argument("shots", nargs=-1)
@click.argument("manifest", required=False)
@click.option("--task", metavar="ID", help="It is there, as this task: the next run brings its clip home.")
@click.option("--never-sent", is_flag=True, help="It is not there: nothing counts as spent.")
@click.option(
    "--write-off", is_flag=True, help="Give it up: its price counts as spent, and the next run buys it again."
)
@click.option("--reason", metavar="TEXT", help="Why; kept in the ledger. Asked for on a terminal.")
@click.option("--all", "every", is_flag=True, help="All doubts, with --never-sent or --write-off.")
@click.option("--ask", "asking", is_flag=True, help="Ask gateways that list their tasks (odkkk) which may be whose.")
@click.option("--yes", is_flag=True, help="Do not ask; with --ask settle what has one match.")
@click.option("--offline", is_flag=True, help="With --task: do not ask the gateway whether it knows the task.")
@click.option("--force", is_flag=True, help="With --task: although the gateway does not know it.")
@click.option("--mock", is_flag=True, help="The doubts of rehearsals.")
@options.output_format
def command(
    shots: tuple[str, ...],
    manifest: str | None,
    *,
    task: str | None,
    never_sent: bool,
    write_off: bool,
    reason: str | None,
    every: bool,
    asking: bool,
    yes: bool,
    offline: bool,
    force: bool,
    mock: bool,
    form: str,
) -> int:
    """List the takes in doubt, of MANIFEST or of the whole project; or settle SHOTS (open#2) by a verdict.

    A take is in doubt when its request left and no answer proved anything: it may be charged, and is never sent again
    by itself. What ends in .yaml, or is a file, is the manifest; all else names takes. --write-off also takes what was
    accepted and never came, and --task corrects an id that was given by hand. The list exits with 8 while something is
    in doubt.
    """
    labels, file = _sorted([*shots, *filter(None, [manifest])])
    verdict = _verdict(task=task, never_sent=never_sent, write_off=write_off)
    _refuse_nonsense(labels, verdict, every=every, asking=asking, mock=mock)
    found = wait_for(doubts(file, rehearsal=mock))
    typed = _typed(found, file, mock=mock)
    if asking:
        return _ask(found, typed, yes=yes, reason=reason, form=form)
    if verdict is None:
        return _list(found, typed, form)
    chosen = found.doubts if every else found.pick(labels, verdict)
    if not chosen:
        return _list(found, typed, form)
    said = wait_for(ask_for_task(found, chosen[0], task)) if task is not None and not offline else None
    _refuse_unknown(said, force=force)
    _agree(chosen, verdict, yes=yes)
    words = _reason(reason)
    tasks = {} if task is None else {chosen[0].attempt: task}
    settled = wait_for(settle(found, chosen, verdict, reason=words, tasks=tasks))
    _tell(settled, found, said, form)
    return Exit.DONE


def _sorted(words: Sequence[str]) -> tuple[tuple[str, ...], Path | None]:
    """The takes, and the manifest if one of the words is one, wherever it stands."""
    files = [word for word in words if word.lower().endswith((".yaml", ".yml")) or Path(word).is_file()]
    if len(files) > 1:
        raise click.UsageError(f"{' and '.join(files)} are two manifests; name one.")
    return tuple(word for word in words if word not in files), Path(files[0]) if files else None


def _verdict(*, task: str | None, never_sent: bool, write_off: bool) -> Verdict | None:
    said = {Verdict.FOUND: task is not None, Verdict.NEVER_SENT: never_sent, Verdict.WRITTEN_OFF: write_off}
    meant = [verdict for verdict, is_meant in said.items() if is_meant]
    if len(meant) > 1:
        raise click.UsageError("--task, --never-sent and --write-off are three verdicts; choose one.")
    return meant[0] if meant else None


def _refuse_nonsense(labels: Sequence[str], verdict: Verdict | None, *, every: bool, asking: bool, mock: bool) -> None:
    if asking:
        if labels or verdict is not None or every:
            raise click.UsageError("--ask looks at all doubts and takes no verdict.")
        if mock:
            raise click.UsageError("--mock ends with its run: there is nobody to ask.")
        return
    if verdict is None:
        if labels or every:
            raise click.UsageError("Say what it is: --task ID, --never-sent or --write-off.")
        return
    if every == bool(labels):
        raise click.UsageError("Name the takes (open#2), or say --all.")
    if verdict is Verdict.FOUND and (every or len(labels) > 1):
        raise click.UsageError("--task settles one take: a task is one clip.")


def _typed(found: Doubts, file: Path | None, *, mock: bool) -> dict[int, str]:
    """What to type for each attempt, here and now: with the manifest where that is needed to tell two apart."""
    names = dict(found.names)
    counts = [names[each.attempt] for each in found.opened]
    for each in found.opened:
        name = names[each.attempt]
        if file is not None:
            name = f"{name} {quote(str(file))}"
        elif counts.count(name) > 1 and _is_there(each.manifest, found):
            name = f"{name} {quote(shown_path(found.project.root / each.manifest))}"
        elif counts.count(name) > 1:  # its manifest is gone, and its number is its own
            name = f"{each.label}@{each.attempt}"
        names[each.attempt] = name + " --mock" * mock
    return names


def _is_there(manifest: str, found: Doubts) -> bool:
    return bool(manifest) and (found.project.root / manifest).is_file()


def _list(found: Doubts, typed: dict[int, str], form: str) -> int:
    if form == "json":
        print_json(doubts_members(found.opened, found.names))
    else:
        print_text(draw_doubts(found.opened, typed, listing=_able(found), ink=ink_for(sys.stdout)))
    return Exit.NEEDS_PERSON if found.doubts else Exit.DONE


def _able(found: Doubts) -> frozenset[str]:
    return frozenset() if found.project.rehearsal else found.listing


def _ask(found: Doubts, typed: dict[int, str], *, yes: bool, reason: str | None, form: str) -> int:
    """What lists say, and with `--yes` what follows from it where a doubt has one match."""
    asked = wait_for(ask(found))
    sole = [each for each in asked.matches if each.sole] if yes else []
    settled: tuple[Settled, ...] = ()
    for name in sorted({each.doubt.provider for each in sole}):
        mine = [each for each in sole if each.doubt.provider == name]
        ids = {each.doubt.attempt: each.candidates[0].task for each in mine}
        chosen, words = [each.doubt for each in mine], reason or f"matched by {name}'s list"
        settled += wait_for(settle(found, chosen, Verdict.FOUND, reason=words, tasks=ids))
    done = {each.attempt.attempt for each in settled}
    if form == "json":
        print_json(_asked_members(asked, settled, found.names))
    else:
        _tell_asked(replace(asked, matches=tuple(m for m in asked.matches if m.doubt.attempt not in done)), typed)
        if settled:
            _tell(settled, found, None, form)
        if not found.doubts:
            print_text(draw_doubts(found.opened, typed))
    return Exit.NEEDS_PERSON if len(found.doubts) > len(done) else Exit.DONE


def _tell_asked(asked: Asked, typed: dict[int, str]) -> None:
    ink = ink_for(sys.stdout)
    failures = [(told.provider, told.failure) for told in asked.lists if told.failure is not None]
    for text in (draw_matches(asked.matches, typed, ink), draw_unasked(asked.unlisted, failures, ink)):
        if text:
            print_text(text)


def _asked_members(asked: Asked, settled: Sequence[Settled], names: Mapping[int, str]) -> dict[str, object]:
    return {
        "version": 1,
        "lists": [
            {
                "provider": told.provider,
                "tasks": len(told.tasks),
                "whole": told.whole,
                "why": None if told.failure is None else told.failure.why,
            }
            for told in asked.lists
        ],
        "unlisted": list(asked.unlisted),
        "matches": [match_members(each, names) for each in asked.matches],
        "settled": [settled_members(each.attempt, each.verdict, each.stage, names) for each in settled],
    }


def _refuse_unknown(said: "TaskWord | None", *, force: bool) -> None:
    if said is not None and said.unknown and not force:
        raise InputError(
            "the gateway does not know that task",
            why=f"{said.words}.",
            remedy="Look at the id, the account and the region; --force takes it all the same.",
        )


def _agree(chosen: Sequence[OpenAttempt], verdict: Verdict, *, yes: bool) -> None:
    """Asks before several are settled at once, and before a task that runs is given up."""
    running = verdict is Verdict.WRITTEN_OFF and any(each.state is State.RUNNING for each in chosen)
    if yes or (len(chosen) == 1 and not running):
        return
    click.echo(draw_decision(chosen, verdict), err=True)
    if not sys.stdin.isatty():
        why = "A task that runs would be given up." if running else "Several takes would be settled at once."
        raise RefusedError("not approved", why=why, remedy="Add --yes.")
    if not click.confirm("Is that so?", err=True):
        raise RefusedError("not approved", why="Nothing was settled.")


def _reason(given: str | None) -> str:
    if given is not None:
        if not given.strip():
            raise click.UsageError("--reason is empty.")
        return given
    if not sys.stdin.isatty():
        raise click.UsageError("--reason is needed: it is kept in the ledger, for who asks later.")
    answer: str = click.prompt("Why", err=True)
    return answer


def _tell(settled: Sequence[Settled], found: Doubts, said: "TaskWord | None", form: str) -> None:
    words = said.words if said is not None else ""
    if form == "json":
        members = [settled_members(each.attempt, each.verdict, each.stage, found.names) for each in settled]
        print_json({"version": 1, "settled": members, "said": words or None})
    else:
        rows = [(each.attempt, each.verdict) for each in settled]
        print_text(draw_settled(rows, said=words, run=_run([each.attempt for each in settled], found)))


def _run(chosen: Sequence[OpenAttempt], found: Doubts) -> str:
    """The command that goes on with it, where all are of one manifest which is there."""
    manifests = {each.manifest for each in chosen}
    if len(manifests) != 1 or not _is_there(name := manifests.pop(), found):
        return ""
    return f"hailuo-batch run {quote(shown_path(found.project.root / name))}" + " --mock" * found.project.rehearsal
