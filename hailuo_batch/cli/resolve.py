"""hailuo-batch resolve"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.resolve import (
    OpenAttempts,
    Settlement,
    TaskMatches,
    check_task,
    list_open_attempts,
    query_tasks,
    settle,
)
from hailuo_batch.cli import options
from hailuo_batch.cli.output import fit_text, make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.cli.streams import terminal_width
from hailuo_batch.core.attempt.in_doubt import DoubtState, OpenAttempt, Verdict
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit, InputError, RefusedError
from hailuo_batch.values import dataclass
from hailuo_batch.views.in_doubt import (
    draw_decision,
    draw_in_doubt,
    draw_matches,
    draw_missing_lists,
    draw_verdicts,
    in_doubt_dict,
    match_dict,
    verdict_dict,
)

if TYPE_CHECKING:
    from hailuo_batch.drivers.account import TaskLookup


@click.command("resolve")
@click.argument("shots", nargs=-1)
@click.argument("manifest", required=False)
@click.option("--task", metavar="ID", help="Accepted, as this task: the next run downloads its clip.")
@click.option("--never-sent", is_flag=True, help="Not accepted: nothing is charged.")
@click.option("--write-off", is_flag=True, help="Unknown: count it as spent and buy again.")
@click.option("--reason", metavar="TEXT", help="Why; recorded in the ledger. A terminal prompts for it.")
@click.option("--all", "every", is_flag=True, help="Every take in doubt, with --never-sent or --write-off.")
@click.option(
    "--ask",
    "query",
    is_flag=True,
    help="Query gateways that list their tasks (odkkk), and match tasks to takes.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation; with --ask, settle takes with one match.")
@click.option("--offline", is_flag=True, help="With --task: do not check the task id with the gateway.")
@click.option("--force", is_flag=True, help="Accept the task id even if the gateway does not know it.")
@options.world
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
    query: bool,
    yes: bool,
    offline: bool,
    force: bool,
    world: World,
    form: str,
) -> int:
    """List the takes in doubt, of MANIFEST or of the whole project; or settle SHOTS (open#2).

    A take is in doubt when a request was submitted and its outcome is unknown. It may be charged, and is never
    submitted again automatically. A word that ends in .yaml, or is a file, is the manifest; other words name takes.
    --write-off also gives up a task that was accepted and never finished. --task also corrects an id that was given by
    hand. The list exits with 8 while a take is in doubt.
    """
    labels, file = _split_words([*shots, *filter(None, [manifest])])
    verdict = _parse_verdict(task=task, never_sent=never_sent, write_off=write_off)
    _check_options(labels, verdict, every=every, query=query)
    request = _Request(
        labels=labels,
        file=file,
        verdict=verdict,
        task=task,
        reason=reason,
        every=every,
        query=query,
        yes=yes,
        offline=offline,
        force=force,
        world=world,
        form=form,
    )
    return run_async(_resolve(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What the command line said."""

    labels: tuple[str, ...]
    file: Path | None
    verdict: Verdict | None
    task: str | None
    reason: str | None
    every: bool
    query: bool
    yes: bool
    offline: bool
    force: bool
    world: World
    form: str


async def _resolve(request: _Request) -> int:
    """Lists what is open, queries gateways for their lists, or settles what was named: one of the three."""
    found = await list_open_attempts(request.file, world=request.world)
    commands = _resolve_commands(found, request)
    if request.query:
        return await _match_and_settle(found, commands, request)
    verdict = request.verdict
    chosen = () if verdict is None else found.in_doubt if request.every else found.pick(request.labels, verdict)
    if verdict is None or not chosen:
        return _print_open_attempts(found, commands, request.form)
    lookup = None
    if request.task is not None and not request.offline:
        lookup = await check_task(found, chosen[0], request.task)
    _require_known_task(lookup, force=request.force)
    _confirm(chosen, verdict, found, yes=request.yes)
    reason = _read_reason(request.reason)
    tasks = {} if request.task is None else {chosen[0].attempt: request.task}
    settled = await settle(found, chosen, verdict, reason=reason, tasks=tasks)
    _print_settlements(settled, found, lookup, request.form)
    return Exit.DONE


def _split_words(words: Sequence[str]) -> tuple[tuple[str, ...], Path | None]:
    """The takes, and the manifest if one of the words is one, wherever it stands."""
    files = [word for word in words if word.lower().endswith((".yaml", ".yml")) or Path(word).is_file()]
    if len(files) > 1:
        raise click.UsageError(f"{' and '.join(files)} are two manifests; name one.")
    return tuple(word for word in words if word not in files), Path(files[0]) if files else None


def _parse_verdict(*, task: str | None, never_sent: bool, write_off: bool) -> Verdict | None:
    said = {Verdict.FOUND: task is not None, Verdict.NEVER_SENT: never_sent, Verdict.WRITTEN_OFF: write_off}
    meant = [verdict for verdict, is_meant in said.items() if is_meant]
    if len(meant) > 1:
        raise click.UsageError("--task, --never-sent and --write-off are three verdicts; choose one.")
    return meant[0] if meant else None


def _check_options(labels: Sequence[str], verdict: Verdict | None, *, every: bool, query: bool) -> None:
    if query:
        if labels or verdict is not None or every:
            raise click.UsageError(
                "--ask is for all takes in doubt; leave out takes, --all, --task, --never-sent and --write-off."
            )
        return
    if verdict is None:
        if labels or every:
            raise click.UsageError("Add one of --task ID, --never-sent and --write-off.")
        return
    if every == bool(labels):
        raise click.UsageError("Name the takes (open#2), or add --all, not both.")
    if verdict is Verdict.FOUND and (every or len(labels) > 1):
        raise click.UsageError("--task settles one take: a task is one clip.")


def _resolve_commands(found: OpenAttempts, request: _Request) -> dict[int, str]:
    """The command for each attempt: with the manifest if the user named it, or if two attempts have the same name."""
    commands, labels = {}, [found.labels[each.attempt] for each in found.attempts]
    for each, name in zip(found.attempts, labels, strict=True):
        label, manifest = name, found.manifest
        if not manifest and labels.count(name) > 1:
            if _has_manifest_file(each.manifest, found):
                manifest = shorten_path(found.project.root / each.manifest)
            else:  # its manifest is gone, and its number is its own
                label = f"{each.label}@{each.attempt}"
        commands[each.attempt] = command_line("resolve", label, manifest=manifest, world=request.world)
    return commands


def _has_manifest_file(manifest: str, found: OpenAttempts) -> bool:
    return bool(manifest) and (found.project.root / manifest).is_file()


def _print_open_attempts(found: OpenAttempts, commands: dict[int, str], form: str) -> int:
    if form == "json":
        print_json(in_doubt_dict(found.attempts, found.labels))
    else:
        ink = make_style(sys.stdout)
        mock = found.workspace.mock_tasks_file if found.workspace.world is World.REHEARSAL else None
        where = {"manifest": found.manifest, "mock_tasks": shorten_path(mock) if mock else ""}
        print_text(draw_in_doubt(found.attempts, commands, listable=found.listing_providers, style=ink, **where))
    return Exit.NEEDS_PERSON if found.in_doubt else Exit.DONE


async def _match_and_settle(found: OpenAttempts, commands: dict[int, str], request: _Request) -> int:
    """What lists say, and with `--yes` what follows from it where a doubt has one match."""
    answers = await query_tasks(found)
    sole = [each for each in answers.matches if each.is_unique] if request.yes else []
    settled: tuple[Settlement, ...] = ()
    for name in sorted({each.attempt.provider for each in sole}):
        mine = [each for each in sole if each.attempt.provider == name]
        ids = {each.attempt.attempt: each.candidates[0].task for each in mine}
        chosen, words = [each.attempt for each in mine], request.reason or f"matched by {name}'s list"
        settled += await settle(found, chosen, Verdict.FOUND, reason=words, tasks=ids)
    done = {each.attempt.attempt for each in settled}
    if request.form == "json":
        print_json(_task_matches_dict(answers, settled, found.labels))
    else:
        _print_matches(
            replace(answers, matches=tuple(m for m in answers.matches if m.attempt.attempt not in done)), commands
        )
        if settled:
            _print_settlements(settled, found, None, request.form)
        if not found.in_doubt:
            print_text(draw_in_doubt(found.attempts, commands, manifest=found.manifest))
    return Exit.NEEDS_PERSON if len(found.in_doubt) > len(done) else Exit.DONE


def _print_matches(matches: TaskMatches, commands: dict[int, str]) -> None:
    ink = make_style(sys.stdout)
    failures = [(each.provider, each.failure) for each in matches.lists if each.failure is not None]
    for text in (
        draw_matches(matches.matches, commands, ink),
        draw_missing_lists(matches.providers_without_list, failures, ink),
    ):
        if text:
            print_text(text)


def _task_matches_dict(
    matches: TaskMatches, settled: Sequence[Settlement], names: Mapping[int, str]
) -> dict[str, object]:
    return {
        "version": 1,
        "lists": [
            {
                "provider": each.provider,
                "tasks": len(each.tasks),
                "whole": each.is_complete,
                "why": None if each.failure is None else each.failure.why,
            }
            for each in matches.lists
        ],
        "unlisted": list(matches.providers_without_list),
        "matches": [match_dict(each, names) for each in matches.matches],
        "settled": [verdict_dict(each.attempt, each.verdict, each.stage, names) for each in settled],
    }


def _require_known_task(lookup: "TaskLookup | None", *, force: bool) -> None:
    if lookup is not None and lookup.is_unknown and not force:
        raise InputError(
            "the gateway does not know that task",
            why=f"{lookup.message}.",
            remedy="Check the id, the account and the region. To accept it anyway, add --force.",
        )


def _confirm(chosen: Sequence[OpenAttempt], verdict: Verdict, found: OpenAttempts, *, yes: bool) -> None:
    """Asks before several are settled at once, and before a task that runs is given up."""
    running = verdict is Verdict.WRITTEN_OFF and any(each.state is DoubtState.RUNNING for each in chosen)
    if yes or (len(chosen) == 1 and not running):
        return
    width = terminal_width(sys.stderr)
    decision = draw_decision(chosen, verdict, manifest=found.manifest, world=found.workspace.world, width=width)
    click.echo(fit_text(decision, sys.stderr), err=True)
    if not sys.stdin.isatty():
        why = "A running task would be given up." if running else "Several takes would be settled at once."
        raise RefusedError("not approved", why=why, remedy="Add --yes.")
    if not click.confirm("Settle these takes as shown?", err=True):
        raise RefusedError("not approved", why="Nothing was settled.")


def _read_reason(given: str | None) -> str:
    if given is not None:
        if not given.strip():
            raise click.UsageError("--reason is empty.")
        return given
    if not sys.stdin.isatty():
        raise click.UsageError("--reason is needed: it is recorded in the ledger.")
    answer: str = click.prompt("Why", err=True)
    return answer


def _print_settlements(
    settlements: Sequence[Settlement], found: OpenAttempts, lookup: "TaskLookup | None", form: str
) -> None:
    words = lookup.message if lookup is not None else ""
    if form == "json":
        members = [verdict_dict(each.attempt, each.verdict, each.stage, found.labels) for each in settlements]
        print_json({"version": 1, "settled": members, "said": words or None})
    else:
        rows = [(each.attempt, each.verdict) for each in settlements]
        print_text(
            draw_verdicts(
                rows,
                tasks={each.attempt.attempt: each.task for each in settlements},
                provider_message=words,
                run_command=_next_command([each.attempt for each in settlements], found),
            )
        )


def _next_command(chosen: Sequence[OpenAttempt], found: OpenAttempts) -> str:
    """The command that goes on with it, where all are of one manifest which is there."""
    manifests = {each.manifest for each in chosen}
    if len(manifests) != 1 or not _has_manifest_file(name := manifests.pop(), found):
        return ""
    return command_line("run", manifest=shorten_path(found.project.root / name), world=found.workspace.world)
