"""The place a campaign lives in: a first manifest, who sells what, and whether this machine is fit."""

import platform
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import disk_usage
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from hailuo_batch import __version__
from hailuo_batch.app.recovery.missing_ledger import find_lost_ledger, inline_remedy
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.errors import InputError, LedgerError, RefusedError
from hailuo_batch.load.api_keys import read_api_key
from hailuo_batch.load.model_tables import model_names
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.load.schemas import read_schema, schema_names
from hailuo_batch.load.settings import Project, make_folder, read_project

if TYPE_CHECKING:
    from hailuo_batch.gateways.dialect import Balance

LOW_DISK_BYTES = 2_000_000_000  # bytes; a few hundred clips


class CheckResult(StrEnum):
    """How one check ended."""

    GOOD = "good"
    NOTE = "note"  # works, and worth knowing
    BAD = "bad"  # something will not work


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCheck:
    """One thing that `doctor` looked at."""

    name: str
    result: CheckResult
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What is known of a provider: what it sells, where that was read, whether its key is set, the project's limits."""

    provider: Provider
    has_key: bool
    read_on: str
    source: str
    limits: Mapping[str, float]  # of the project's settings, which go before the provider's own


async def providers(
    name: str | None = None, folder: Path | str = ".", *, model: str = DEFAULT_MODEL
) -> tuple[ProviderFacts, ...]:
    """Every gateway, or the one named, with what it sells of a model; prices are per clip.

    Those of the project around `folder` are among them, and its regions count. Raises `InputError` for a name that
    nobody has, for an unknown model, and for settings that cannot be used.

    >>> import asyncio
    >>> [facts.provider.title for facts in asyncio.run(providers("minimax"))]
    ['MiniMax']
    """
    project = read_project(Path(folder).resolve())
    if project.problems:
        why = project.problems[0].why
        raise InputError(
            f"{SETTINGS_FILE} cannot be used", why=why[:1].upper() + why[1:], remedy=project.problems[0].remedy
        )
    if model not in model_names():
        remedy = did_you_mean(model, model_names()) or f"Known are {', '.join(model_names())}."
        raise InputError(f'there is no model called "{model}"', remedy=remedy)
    known = provider_names(project.tables)
    if name is not None and name not in known:
        remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
        raise InputError(f'there is no provider called "{name}"', remedy=remedy)
    return tuple(_provider_facts(each, model, project) for each in known if name in {None, each})


async def schema(name: str = "manifest") -> dict[str, Any]:
    """One of our JSON Schemas as data.

    >>> import asyncio
    >>> asyncio.run(schema("manifest"))["title"]
    'hailuo_batch manifest, version 1'
    """
    if name not in schema_names():
        raise InputError(f'there is no schema "{name}"', remedy=f"There are {', '.join(schema_names())}.")
    return read_schema(name)


async def init(folder: Path | str) -> tuple[Path, ...]:
    """Makes a first project in a folder: settings, a manifest that sketches as it stands, and a .gitignore line.

    Raises `RefusedError` when a file is there already; nothing is overwritten.
    """
    root = Path(folder)
    written = {root / name: text for name, text in _FIRST_PROJECT.items()}
    there = [path for path in written if path.exists() and path.name != ".gitignore"]
    if there:
        raise RefusedError(f"{there[0]} is there already", why="Nothing was written.", remedy="Choose another folder.")
    try:
        return tuple(path for path, text in written.items() if _write_new_file(path, text))
    except OSError as error:
        raise InputError(f"cannot write in {root}", why=f"The system says: {error.strerror}.") from None


async def doctor(folder: Path | str = ".", *, offline: bool = False) -> tuple[DoctorCheck, ...]:
    """Looks whether this machine and this project are fit for a run; changes nothing.

    Gateways whose key is set and that tell a balance are asked for it, for nothing, unless `offline`.
    """
    root = Path(folder).resolve()
    project = read_project(root)
    checks = (*_local_checks(root), await _check_ledger(project.root))
    return checks if offline else (*checks, *await _check_balances(project))


def _provider_facts(name: str, model: str, project: Project) -> ProviderFacts:
    provider = read_provider(name, model, region=project.regions.get(name, ""), tables=project.tables)
    row = read_provider_table(name, project.tables)["models"].get(model, {})
    return ProviderFacts(
        provider=provider,
        has_key=bool(read_api_key(provider.key)),
        read_on=row.get("read", ""),
        source=row.get("source", ""),
        limits=project.limits.get(name, {}),
    )


def _local_checks(folder: Path) -> Iterator[DoctorCheck]:
    yield DoctorCheck(name="hailuo-batch", result=CheckResult.GOOD, detail=__version__)
    yield DoctorCheck(
        name="python", result=CheckResult.GOOD, detail=f"{platform.python_version()} on {platform.platform()}"
    )
    yield _check_sqlite()
    for package in ("aiohttp", "aiosqlite", "av", "pillow", "jsonschema", "jsonschema-rs", "pyyaml", "jinja2", "rich"):
        yield _check_package(package)
    yield from _check_fonts()
    project = read_project(folder)
    settings = (
        f"{SETTINGS_FILE} read" if (project.root / SETTINGS_FILE).exists() else f"no {SETTINGS_FILE}, which is fine"
    )
    yield DoctorCheck(name="project", result=CheckResult.GOOD, detail=f"{project.root}: {settings}")
    for problem in project.problems:
        yield DoctorCheck(name="settings", result=CheckResult.BAD, detail=problem.why, remedy=problem.remedy)
    yield _check_writable(project.root)
    yield _check_disk_space(project.root)
    for name in provider_names(project.tables):
        key = str(read_provider_table(name, project.tables)["key"])
        found = "set" if read_api_key(key) else "not set"
        yield DoctorCheck(
            name=f"key of {name}",
            result=CheckResult.GOOD if found == "set" else CheckResult.NOTE,
            detail=f"{key} {found}",
        )


async def _check_ledger(root: Path) -> DoctorCheck:
    """Whether the ledger can be read, and is the one under which the clips that are here were bought."""
    workspace = Workspace(root)
    file, folder = workspace.ledger_file, workspace.renders_folder
    try:
        async with workspace.read_ledger() as ledger:
            standings, attempts = await ledger.standings(), len(await ledger.attempts())
    except LedgerError as error:
        found = f"{error.summary}: {error.why}"
        return DoctorCheck(name="ledger", result=CheckResult.BAD, detail=found, remedy=" ".join(error.remedy.split()))
    present = workspace.list_digests()
    lost = find_lost_ledger(
        standings, present=present, locked=frozenset(), names=workspace.list_render_names(), folder=folder
    )
    if lost is not None:
        state = CheckResult.BAD if lost.is_empty else CheckResult.NOTE
        return DoctorCheck(name="ledger", result=state, detail=f"gone: {lost.explain(file)}", remedy=inline_remedy())
    some = f"{attempts:,} attempt{'s' * (attempts != 1)}"
    return DoctorCheck(name="ledger", result=CheckResult.GOOD, detail=some if file.exists() else "none yet")


async def _check_balances(project: Project) -> tuple[DoctorCheck, ...]:
    """What is left at the gateways that tell; settings with problems may send a key to where it was not meant for."""
    names = (
        []
        if project.problems
        else [name for name in provider_names(project.tables) if _may_read_balance(name, project)]
    )
    if not names:
        return ()
    from hailuo_batch.app.account import open_accounts

    async with open_accounts(project) as gateway:
        return tuple([_check_balance(name, await gateway(name).read_balance()) for name in names])


def _may_read_balance(name: str, project: Project) -> bool:
    from hailuo_batch.app.account import has_balance

    if not read_api_key(str(read_provider_table(name, project.tables)["key"])):
        return False
    try:
        return has_balance(project, name)
    except InputError:  # a dialect of a plugin that cannot be used; whoever uses it is told
        return False


def _check_balance(name: str, answer: "Balance | Failure") -> DoctorCheck:
    what = f"balance of {name}"
    if isinstance(answer, Failure):
        rejected = answer.kind is FailureKind.UNAUTHORIZED
        return DoctorCheck(
            name=what, result=CheckResult.BAD if rejected else CheckResult.NOTE, detail=answer.why, remedy=answer.remedy
        )
    if answer.remaining is None:
        return DoctorCheck(name=what, result=CheckResult.GOOD, detail="no end" if answer.unlimited else "not told")
    if answer.remaining.amount <= 0:
        return DoctorCheck(
            name=what, result=CheckResult.NOTE, detail=f"{answer.remaining}", remedy="Top up the account."
        )
    return DoctorCheck(name=what, result=CheckResult.GOOD, detail=f"{answer.remaining}")


def _check_sqlite() -> DoctorCheck:
    """SQLite before 3.51.3 has a fault that needs two writers at once; there is one writer here, by the run lock."""
    found = f"{sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < (3, 51, 3):
        found += "; its write-ahead log has a fault with two writers, and only one ever writes here"
    return DoctorCheck(name="sqlite", result=CheckResult.GOOD, detail=found)


def _check_package(name: str) -> DoctorCheck:
    try:
        return DoctorCheck(name=name, result=CheckResult.GOOD, detail=version(name))
    except PackageNotFoundError:
        remedy = f"{sys.executable} -m pip install {name}"
        return DoctorCheck(name=name, result=CheckResult.BAD, detail="not installed", remedy=remedy)


def _check_fonts() -> Iterator[DoctorCheck]:
    from hailuo_batch.media.animatic.fonts import missing_scripts

    missing = missing_scripts()
    if missing:
        remedy = "Install Noto fonts (fonts-noto-cjk, fonts-noto-color-emoji) if your prompts are written in them."
        yield DoctorCheck(
            name="fonts", result=CheckResult.NOTE, detail=f"no type for {', '.join(missing)}", remedy=remedy
        )
    else:
        yield DoctorCheck(name="fonts", result=CheckResult.GOOD, detail="Latin, CJK and emoji")


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
        remedy="" if state is CheckResult.GOOD else "Make room.",
    )


def _write_new_file(path: Path, text: str) -> bool:
    """Writes a file that is not there; a .gitignore gets only the lines that it lacks."""
    make_folder(path.parent)
    if path.name == ".gitignore" and path.exists():
        before = path.read_text(encoding="utf-8")
        more = [line for line in text.splitlines() if line not in before.splitlines()]
        if not more:
            return False
        text = before + ("" if before.endswith("\n") or not before else "\n") + "\n".join(more) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


_FIRST_PROJECT: Mapping[str, str] = {
    SETTINGS_FILE: """\
# Project settings; this file marks the project's root. `hailuo-batch schema settings` prints what it may hold.
version: 1
""",
    "manifests/first.yaml": """\
# A shot list. `hailuo-batch schema manifest` prints everything it may hold.
version: 1
campaign: first-light
providers: [minimax]

vars:     {bottle: a frosted glass bottle with a copper cap}
styles:   {film: {suffix: ", 35 mm grain, soft key light"}}
defaults: {duration: 6, resolution: 768p, style: film}

shots:
  - id: open
    prompt: ${bottle} rises out of morning mist [Push in], then the light finds it [Pan left]
    tags: [hero]

  - id: turn
    prompt: the copper cap turns and catches the light [Tilt up]
    frames: {first: {shot: open, frame: last}}   # goes on from the last frame of open

  - id: pack-${colour}
    matrix: {colour: [red, blue]}
    prompt: ${bottle} in ${colour} on a slow turntable [Static shot]
""",
    ".gitignore": ".hailuo/\nrenders/\n",
}
