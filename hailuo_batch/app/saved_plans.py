"""Saves a plan for review, reads one for its run, and approves one. Spends nothing."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.saved_plan import make_saved_plan
from hailuo_batch.app.running.approvals import judge_plan_approvals
from hailuo_batch.app.running.options import RunOptions, SavedPlanFile, Scope
from hailuo_batch.app.running.scope import keep_failed
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import login_name, utc_timestamp
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.approval import Approval, Person
from hailuo_batch.core.plan.saved_plan import SavedPlan, one_line
from hailuo_batch.core.spending.budget import parse_amount
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.approvals_file import add_approval, canonical_approval
from hailuo_batch.load.git_identity import read_git_identity, read_signing_key
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.load.saved_plan_file import read_saved_plan, write_saved_plan
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.ports import Clock
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ApprovedPlan:
    """An approval as it was written, the plan that it is of, and why it does not count in this project."""

    plan: SavedPlan
    approval: Approval
    file: Path
    faults: tuple[str, ...] = ()


async def save_plan(
    planned: PlannedRun | Sequence[PlannedRun],
    file: Path | str,
    *,
    scope: Scope = Scope.ALL,
    clock: Clock | None = None,
) -> SavedPlan:
    """Writes a plan as a file that `run` carries out exactly; an earlier plan in its place is replaced.

    Plans of several manifests, as `plan_several` makes them, are one file with one hash.
    """
    plans = [planned] if isinstance(planned, PlannedRun) else planned
    plans = [keep_failed(each, scope) for each in plans]
    found = read_git_identity(plans[0].validation.project.root)
    author = found if found.identity else Person(name=login_name())
    saved = await make_saved_plan(plans, author=author, at=utc_timestamp(clock or SystemClock()))
    write_saved_plan(Path(file), saved)
    return saved


def read_plan(file: Path | str) -> SavedPlan:
    """The plan of a file. Raises `InputError` for what is none, `RefusedError` for one that was edited."""
    return read_saved_plan(Path(file))


def read_plan_for_run(file: Path | str, options: RunOptions, manifest: Path | None = None) -> tuple[Path, RunOptions]:
    """The manifest of a saved plan, and the options of a run that carries it out.

    `options.max_cost` may lower what the plan says, and nothing else of it may be said otherwise. Raises `InputError`
    for a plan of several manifests.
    """
    manifests, chosen = read_plan_for_runs(file, options, () if manifest is None else (manifest,))
    if len(manifests) > 1:
        raise InputError(
            f"{file} is a plan of several manifests",
            remedy=f"Carry it out:\n    {command_line('run', '--plan', str(file))}",
        )
    return manifests[0], chosen


def read_plan_for_runs(
    file: Path | str, options: RunOptions, manifests: Sequence[Path] = ()
) -> tuple[tuple[Path, ...], RunOptions]:
    """The same of a plan of one manifest or several: all of them, in the order in which they are carried out."""
    path = Path(file)
    saved = read_saved_plan(path)
    if manifests and len(manifests) != len(saved.parts):
        why = f"It has {len(saved.parts)} manifests, and {len(manifests)} were named."
        raise InputError(f"{path} is a plan of other manifests", why=why, remedy="Leave the manifests out.")
    chosen = replace(
        options,
        saved=SavedPlanFile(path=path, plan=saved),
        max_cost=_lower_cost(options.max_cost, saved.max_cost),
    )
    found = tuple(manifests) or tuple(_find_manifest(path, str(part.tree["manifest"])) for part in saved.parts)
    return found, chosen


def _lower_cost(given: str | None, limit: Money | None) -> str | None:
    if limit is None or given is None:
        return given if limit is None else str(limit)
    amount = parse_amount(given, currency=limit.currency)
    if amount is not None and (not amount.is_same_currency(limit) or amount.amount > limit.amount):
        why = f"The plan allows {limit}, and --max-cost may only lower that."
        raise RefusedError(
            f"--max-cost of {amount} is more than the plan", why=why, remedy="Leave it out, or lower it."
        )
    return given


def _find_manifest(plan: Path, name: str) -> Path:
    """The manifest below the project around the current folder, else around the plan's."""
    for folder in (Path.cwd(), plan.resolve().parent):
        root = find_project_root(folder)
        found = root / name
        if Path(os.path.realpath(found)).is_relative_to(root.resolve()) and found.is_file():
            return Path(os.path.relpath(found))
    why = f"Its manifest is {one_line(name)}, and there is no such file in this project."
    raise RefusedError(f"{plan} is of another project", why=why, remedy="Go to the folder of its project first.")


async def approve(
    file: Path | str, *, name: str = "", sign: bool = False, key: str = "", clock: Clock | None = None
) -> ApprovedPlan:
    """Writes an approval beside a saved plan, bound to its hash.

    Who approves is who git says, or `name`: `Ana <ana@acme.example>`, an address, or a name. With `sign` it is signed
    by an ssh key: `key`, or the one that git signs with.
    """
    path = Path(file)
    plan, folder = read_saved_plan(path), path.resolve().parent
    person = _parse_person(name) if name.strip() else read_git_identity(folder)
    if not person.identity:
        remedy = 'Say it with --as, or let git know it:\n    git config user.email "ana@acme.example"'
        raise InputError("who approves?", why="git knows neither a name nor an address of yours.", remedy=remedy)
    totals = plan.totals
    approval = Approval(
        plan=plan.hash,
        by=person,
        at=utc_timestamp(clock or SystemClock()),
        clips=totals.clips,
        cost=totals.cost,
    )
    if sign or key:
        approval = replace(approval, signature=_sign(approval, key or read_signing_key(folder)))
    faults = _find_faults(plan, approval, read_project(folder))
    return ApprovedPlan(plan=plan, approval=approval, file=add_approval(path, approval), faults=faults)


def _find_faults(plan: SavedPlan, approval: Approval, project: Project) -> tuple[str, ...]:
    """Why the approval does not count in the project around the plan; there may be another one elsewhere."""
    if project.approval_rule is None:
        return ()
    try:
        _, rejections = judge_plan_approvals(plan, [approval], rule=project.approval_rule, root=project.root)
    except RefusedError as error:  # it is written all the same: the run may have what is missing here
        return (f"{error.summary}. {error.why}".strip(" ."),)
    return tuple(each.why for each in rejections)


def _parse_person(text: str) -> Person:
    name, bracket, rest = text.strip().partition("<")
    if bracket and rest.endswith(">"):
        return Person(name=name.strip(), email=rest[:-1].strip())
    return Person(name="", email=text.strip()) if "@" in text else Person(name=text.strip())


def _sign(approval: Approval, key: str) -> str:
    from hailuo_batch.load.ssh_signatures import sign_text

    if not key:
        remedy = "Name a key with --key, or let git know it:\n    git config user.signingkey ~/.ssh/id_ed25519.pub"
        raise InputError("with which key?", why="git knows no ssh key that you sign with.", remedy=remedy)
    return sign_text(canonical_approval(approval), key)
