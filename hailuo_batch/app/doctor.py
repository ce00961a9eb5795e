"""Checks whether this machine and this project are fit for a run. Changes nothing."""

import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import disk_usage
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from hailuo_batch import __version__
from hailuo_batch.app.doctor_checks import CheckResult, DoctorCheck, check_shared_ledger, check_shared_store
from hailuo_batch.app.recovery.copied_clips import read_copied_digests
from hailuo_batch.app.recovery.given_names import read_given_names
from hailuo_batch.app.recovery.missing_ledger import (
    find_lost_ledger,
    find_unknown_clips,
    inline_remedy,
    unknown_clips_warning,
)
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.spending.purchase import JournalFault, explain_journal_fault
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError, LedgerError, RefusedError
from hailuo_batch.load.api_keys import find_keyring_fault
from hailuo_batch.load.gateway_keys import find_destination, read_gateway_key
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.provider_tables import provider_names, read_provider
from hailuo_batch.load.settings import Project, read_project

if TYPE_CHECKING:
    from hailuo_batch.gateways.dialect import Balance

LOW_DISK_BYTES = 2_000_000_000  # bytes; a few hundred clips


_PACKAGES = (
    "aiohttp", "aiosqlite", "av", "pillow", "jsonschema", "jsonschema-rs", "pyyaml", "ruamel.yaml", "jinja2",
    "platformdirs", "rich",
)  # fmt: skip
_NEW_LEDGER = command_line("run", "--new-ledger", "MANIFEST")  # doctor is about a project, and knows no manifest


async def doctor(folder: Path | str = ".", *, offline: bool = False) -> tuple[DoctorCheck, ...]:
    """Checks whether this machine and this project are fit for a run; changes nothing.

    Unless `offline`, each gateway whose key is set is queried, free: for the balance, or only whether the key works. A
    shared store is written to: several writers race for one small object, which is removed again.
    """
    root = Path(folder).resolve()
    project = read_project(root)
    checks = (
        *_local_checks(root),
        await _check_ledger(project.root),
        *(() if offline else check_shared_ledger(project.root)),
        *check_shared_store(project.root, offline=offline),
    )
    return checks if offline else (*checks, *await _check_balances(project))


def _local_checks(folder: Path) -> Iterator[DoctorCheck]:
    yield DoctorCheck(name="hailuo-batch", result=CheckResult.GOOD, detail=__version__)
    yield DoctorCheck(
        name="python", result=CheckResult.GOOD, detail=f"{platform.python_version()} on {platform.platform()}"
    )
    yield _check_sqlite()
    for package in _PACKAGES:
        yield _check_package(package)
    yield from _check_fonts()
    yield from _check_way_out()
    project = read_project(folder)
    settings = f"{SETTINGS_FILE} read" if (project.root / SETTINGS_FILE).exists() else f"no {SETTINGS_FILE} (optional)"
    yield DoctorCheck(name="project", result=CheckResult.GOOD, detail=f"{project.root}: {settings}")
    for problem in project.problems:
        yield DoctorCheck(name="settings", result=CheckResult.BAD, detail=problem.why, remedy=problem.remedy)
    yield from _check_approvals(project)
    yield _check_writable(project.root)
    yield _check_disk_space(project.root)
    for problem in project.warnings:
        yield DoctorCheck(name="settings", result=CheckResult.NOTE, detail=problem.why, remedy=problem.remedy)
    for name in provider_names(project.tables):
        yield _check_key(name, project)
    if fault := find_keyring_fault():
        remedy = "Set keys in the environment, or unlock the keyring."
        yield DoctorCheck(name="keyring", result=CheckResult.NOTE, detail=fault, remedy=remedy)


def _check_approvals(project: Project) -> Iterator[DoctorCheck]:
    """Whether an approval can count, where the project requires one: else no run above the amount could begin."""
    rule = project.approval_rule
    if rule is None:
        return
    from hailuo_batch.app.running.approvals import find_rule_fault

    fault = find_rule_fault(rule, project.root)
    remedy = "See allowed_signers under require_approval in hailuo.yaml." if fault else ""
    detail = f"{rule.description}. {fault}" if fault else rule.description
    yield DoctorCheck(
        name="approvals", result=CheckResult.BAD if fault else CheckResult.GOOD, detail=detail, remedy=remedy
    )


def _check_key(name: str, project: Project) -> DoctorCheck:
    """Whether the key of a gateway is set, and where it goes; of one that is not trusted the key is not read."""
    found, what = find_destination(project, name), f"key of {name}"
    if not found.is_trusted:
        return DoctorCheck(name=what, result=CheckResult.NOTE, detail=f"not read: {found}")
    is_set = bool(read_gateway_key(project, name))
    detail = f"{found.route.variable} {'set' if is_set else 'not set'}, for {found.place}"
    return DoctorCheck(name=what, result=CheckResult.GOOD if is_set else CheckResult.NOTE, detail=detail)


async def _check_ledger(root: Path) -> DoctorCheck:
    """Whether the ledger can be read, and is the one under which the clips that are here were bought."""
    workspace = Workspace(root)
    file, folder = workspace.ledger_file, workspace.renders_folder
    try:
        async with workspace.read_ledger() as ledger:
            standings, known = await ledger.standings(), await ledger.attempts()
            given = frozenset(await read_given_names(ledger))
            finding, copied = await ledger.journal_finding(), await read_copied_digests(ledger, standings)
            if finding is not None and finding.fault is not JournalFault.GONE:
                raise explain_journal_fault(finding, ledger=workspace.ledger_name)
    except (LedgerError, RefusedError, InputError) as error:
        found = f"{error.summary}: {error.why}"
        return DoctorCheck(name="ledger", result=CheckResult.BAD, detail=found, remedy=" ".join(error.remedy.split()))
    present, names, attempts = workspace.list_clip_places().own, workspace.list_render_names(), len(known)
    lost = find_lost_ledger(
        standings,
        present=present,
        locked=frozenset(),
        names=names,
        folder=folder,
        finding=finding,
        list_rehearsed=workspace.list_rehearsed_digests,
        copied=copied,
    )
    if lost is not None:
        state = CheckResult.BAD if lost.is_empty else CheckResult.NOTE
        return DoctorCheck(
            name="ledger",
            result=state,
            detail=f"missing: {lost.explain(file)}",
            remedy=inline_remedy(lost, _NEW_LEDGER),
        )
    digests = frozenset(each.digest for each in known if each.digest is not None) | workspace.list_rehearsed_digests()
    unknown = find_unknown_clips(
        digests, given=given, present=present, names=names, folder=folder, world=workspace.world
    )
    if unknown:
        warning = unknown_clips_warning(unknown)
        return DoctorCheck(name="ledger", result=CheckResult.NOTE, detail=warning.why, remedy=warning.remedy)
    some = f"{attempts:,} attempt{'s' * (attempts != 1)}"
    return DoctorCheck(name="ledger", result=CheckResult.GOOD, detail=some if file.exists() else "none yet")


async def _check_balances(project: Project) -> tuple[DoctorCheck, ...]:
    """The balance at the gateways that report one, and at the others whether the key works.

    Settings with problems could send a key elsewhere.
    """
    names = () if project.problems else provider_names(project.tables)
    keyed = {name: has_balance for name in names if (has_balance := _find_check(name, project)) is not None}
    if not keyed:
        return ()
    from hailuo_batch.app.account import open_accounts

    async with open_accounts(project) as gateway:
        return tuple(
            [
                _check_balance(name, await gateway(name).read_balance())
                if has_balance
                else _check_account(name, await gateway(name).check_key(), project)
                for name, has_balance in keyed.items()
            ]
        )


def _find_check(name: str, project: Project) -> bool | None:
    """Whether a gateway reports its balance; None when its key is not set or nothing can be sent to it."""
    from hailuo_batch.app.account import has_balance

    if not read_gateway_key(project, name):
        return None
    try:
        return has_balance(project, name)
    except InputError:  # a dialect of a plugin that cannot be used; the command that uses it reports that
        return None


def _check_account(name: str, failure: "Failure | None", project: Project) -> DoctorCheck:
    """Whether a gateway that reports no balance accepts the key; where it has regions, it may belong to another."""
    what, place = f"account of {name}", find_destination(project, name).place
    if failure is None:
        return DoctorCheck(name=what, result=CheckResult.GOOD, detail=f"{place} accepts the key")
    rejected = failure.kind is FailureKind.UNAUTHORIZED
    regions = read_provider(name, region=project.regions.get(name, ""), tables=project.tables).regions
    other = (
        f" Its regions are {', '.join(regions)}; to choose one, write `regions: {{{name}: {regions[-1]}}}`."
        if rejected and len(regions) > 1
        else ""
    )
    return DoctorCheck(
        name=what,
        result=CheckResult.BAD if rejected else CheckResult.NOTE,
        detail=f"{place}: {failure.why}",
        remedy=f"{failure.remedy}{other}",
        is_key_rejected=rejected,
    )


def _check_balance(name: str, answer: "Balance | Failure") -> DoctorCheck:
    what = f"balance of {name}"
    if isinstance(answer, Failure):
        rejected = answer.kind is FailureKind.UNAUTHORIZED
        return DoctorCheck(
            name=what,
            result=CheckResult.BAD if rejected else CheckResult.NOTE,
            detail=answer.why,
            remedy=answer.remedy,
            is_key_rejected=rejected,
        )
    if answer.remaining is None:
        return DoctorCheck(
            name=what, result=CheckResult.GOOD, detail="unlimited" if answer.unlimited else "not reported"
        )
    if answer.remaining.amount <= 0:
        return DoctorCheck(
            name=what, result=CheckResult.NOTE, detail=f"{answer.remaining}", remedy="Top up the account."
        )
    return DoctorCheck(name=what, result=CheckResult.GOOD, detail=f"{answer.remaining}")


def _check_sqlite() -> DoctorCheck:
    """SQLite before 3.51.3 has a fault that needs two writers at once; there is one writer here, by the run lock."""
    found = f"{sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < (3, 51, 3):
        found += " (has the pre-3.51.3 WAL bug; not triggered: there is a single writer)"
    return DoctorCheck(name="sqlite", result=CheckResult.GOOD, detail=found)


def _check_package(name: str) -> DoctorCheck:
    try:
        return DoctorCheck(name=name, result=CheckResult.GOOD, detail=version(name), group="libraries")
    except PackageNotFoundError:
        remedy = f"{sys.executable} -m pip install {name}"
        return DoctorCheck(name=name, result=CheckResult.BAD, detail="not installed", remedy=remedy)


def _check_fonts() -> Iterator[DoctorCheck]:
    from hailuo_batch.media.animatic.fonts import missing_scripts

    missing = missing_scripts()
    if missing:
        remedy = "Install Noto fonts (fonts-noto-cjk, fonts-noto-color-emoji) if your prompts are written in them."
        yield DoctorCheck(
            name="fonts", result=CheckResult.NOTE, detail=f"no font for {', '.join(missing)}", remedy=remedy
        )
    else:
        yield DoctorCheck(name="fonts", result=CheckResult.GOOD, detail="Latin, CJK and emoji")


def _check_way_out() -> Iterator[DoctorCheck]:
    """The proxy and the certificates that the environment names, if any."""
    from hailuo_batch.drivers.proxy import UnusableProxyError, describe_proxy

    try:
        if proxy := describe_proxy():
            yield DoctorCheck(name="proxy", result=CheckResult.GOOD, detail=proxy)
    except UnusableProxyError as error:
        remedy = "Set it to an http:// address, or unset it."
        yield DoctorCheck(name="proxy", result=CheckResult.BAD, detail=str(error), remedy=remedy)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if named := os.environ.get(variable):
            is_there = os.access(named, os.R_OK)
            yield DoctorCheck(
                name="certificates",
                result=CheckResult.GOOD if is_there else CheckResult.BAD,
                detail=f"{named} ({variable}){'' if is_there else ' cannot be read'}",
                remedy="" if is_there else f"Set {variable} to the file of your network's certificates, or unset it.",
            )


def _check_writable(root: Path) -> DoctorCheck:
    try:
        with NamedTemporaryFile(dir=root):
            return DoctorCheck(name="folder", result=CheckResult.GOOD, detail=f"{root} can be written")
    except OSError as error:
        return DoctorCheck(name="folder", result=CheckResult.BAD, detail=f"{root} cannot be written: {error.strerror}")


def _check_disk_space(root: Path) -> DoctorCheck:
    free = disk_usage(root).free
    state = CheckResult.GOOD if free > LOW_DISK_BYTES else CheckResult.NOTE
    return DoctorCheck(
        name="disk",
        result=state,
        detail=f"{free / 1e9:.1f} GB free",
        remedy="" if state is CheckResult.GOOD else "Free some disk space.",
    )
