"""What a project's settings say."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.money import PriceOrigin
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.providers.own_prices import OwnPrice
from hailuo_batch.core.shared_places import NO_PLACES, SharedPlaces
from hailuo_batch.core.trust import NO_STAKES, KeyRoute, Stakes
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError
from hailuo_batch.load.custom_gateways import mask_key, read_custom_gateways, read_regions
from hailuo_batch.load.manifest import locate_problems, read_and_validate
from hailuo_batch.load.place_problems import find_place_problems, mask_password
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.load.provider_tables import Tables, provider_names, unknown_providers
from hailuo_batch.load.shared_places import name_places
from hailuo_batch.load.stakes import find_stakes, untrusted_problems
from hailuo_batch.load.user_files import explain_unreadable, is_network_path
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.approval import ApprovalRule  # few projects have one: the others need not load it


_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's folders and settings.

    What widens a limit is here only when the user trusts it. Tables and regions are here in any case, for plans; their
    keys are behind `load/gateway_keys.py`.
    """

    root: Path
    providers: tuple[str, ...] = ()
    allow_outside: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()
    tables: Tables = field(default_factory=dict)  # gateways of its own, by name
    regions: Mapping[str, str] = field(default_factory=dict)  # gateway → a region, or a base address
    caps: tuple[Mapping[str, Any], ...] = ()  # as rows: max, currency, tag, per
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # gateway → per_minute, at_once, …
    allow_private_downloads: bool = False
    allow_fake_ip_downloads: bool = False
    forbidden_words: tuple[str, ...] = ()  # in prompts
    ignored_rules: frozenset[str] = frozenset()  # ids of warnings that `validate` leaves out
    strip_metadata: bool = False  # of images, before gateways are sent them
    store_cache: int | None = None  # the most bytes that clips of a shared store take here; None: no limit
    disclosure: str = ""  # what exported copies say to people about how they were made
    names: str = ""  # the template of exported copies; "": the usual one
    prices: tuple[OwnPrice, ...] = ()  # of its own, before those of the user and of the tables
    notify: str = field(default="", repr=False)  # where the ends of runs are reported to
    places: SharedPlaces = NO_PLACES  # what it shares with other machines
    approval_rule: "ApprovalRule | None" = None  # which runs need an approval; None: no run does
    stakes: Stakes = NO_STAKES  # what needs trust
    trusted_digest: str = ""  # what the user trusts here; read only when something is at stake
    warnings: tuple[Problem, ...] = ()  # settings that do not count

    @property
    def is_trusted(self) -> bool:
        """Whether everything that these settings say counts."""
        return not self.stakes or self.trusted_digest == self.stakes.digest

    @property
    def was_trusted(self) -> bool:
        """Whether the user trusts another content of these settings."""
        return bool(self.trusted_digest) and not self.is_trusted

    @property
    def trusted_routes(self) -> tuple[KeyRoute, ...]:
        """Which keys the user lets go where, beside what our own tables say."""
        return self.stakes.key_routes if self.is_trusted else ()

    @property
    def trust_remedy(self) -> str:
        """How to trust this project, as a command that can be pasted here."""
        return f"Read {SETTINGS_FILE} first. If you trust it:\n    {trust_command(self.root)}"

    @property
    def unusable_gateways(self) -> frozenset[str]:
        """Gateways whose tables stand in the settings and are wrong."""
        return frozenset(str(each.path[1]) for each in self.problems if each.path[:1] == ("gateways",) != each.path)

    def find_manifest(self, name: str) -> Path | None:
        """The manifest of a name in the ledger; None when the project has no such file, whatever is outside of it."""
        path = self.root / name
        is_inside = Path(os.path.realpath(path)).is_relative_to(self.root.resolve())
        return path if is_inside and path.is_file() else None

    def display_path(self, path: Path) -> str:
        """A path as people see it: below the root if it is there."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def read_project(folder: Path, files: ProjectFiles = DISK) -> Project:
    """The project around a folder; what is wrong in its settings comes along as problems."""
    root = find_project_root(folder) if files is DISK else find_project_root(folder, files.exists)
    file = root / SETTINGS_FILE
    if not files.exists(file) or files.is_folder(file):
        return Project(root=root)
    data = read_file(file, files)
    tree, problems = read_and_validate(data, name=SETTINGS_FILE, schema="settings")
    names = tuple(tree.get("providers", ()))
    tables, wrong = read_custom_gateways(tree.get("gateways", {}))
    regions, lost = read_regions(tree.get("regions", {}), tables)
    # A gateway whose table is wrong is known all the same: saying so twice would mislead.
    found = [*wrong, *lost, *unknown_providers(names, {**tree.get("gateways", {})})]
    limits = tree.get("limits", {})
    found += _find_unknown_limits(limits, tables)
    outside = [
        _resolve_folder(root, place, written, found) for place, written in enumerate(tree.get("allow_outside", ()))
    ]
    if names_template := tree.get("names", ""):
        from hailuo_batch.core.plan.export_names import template_problems  # few projects have one

        found += template_problems(names_template, ("names",))
    known = provider_names(tables)
    prices = _read_prices(tree, known, found)
    folders = tuple(folder for folder in outside if folder is not None)
    elsewhere = (each for each in folders if not each.is_relative_to(root.resolve()))
    places = name_places(tree)
    found += find_place_problems(places)
    stakes = find_stakes(tree, tables, regions, elsewhere, prices, places)
    trusted = _read_trusted_digest(root) if stakes else ""
    is_trusted = trusted == stakes.digest
    doubted = (
        []
        if is_trusted
        else [*untrusted_problems(stakes, tree, tables, remedy=f"To trust it: `{trust_command(root)}`")]
    )
    return Project(
        root=root,
        providers=tuple(name for name in names if name in known),
        allow_outside=folders if is_trusted else (),
        problems=_mask_secrets((*problems, *locate_problems(found, data, name=SETTINGS_FILE))),
        warnings=_mask_secrets(locate_problems(doubted, data, name=SETTINGS_FILE)) if doubted else (),
        tables=tables,
        regions=regions,
        caps=tuple(tree.get("caps", ())),
        limits=limits,
        prices=prices if is_trusted else (),
        notify=stakes.notify if is_trusted else "",
        places=places if is_trusted else places.without_trust(),
        allow_private_downloads=is_trusted and stakes.private_downloads,
        allow_fake_ip_downloads=is_trusted and stakes.fake_ip_downloads,
        forbidden_words=tuple(tree.get("lint", {}).get("forbidden", ())),
        ignored_rules=frozenset(tree.get("lint", {}).get("ignore", ())),
        strip_metadata=tree.get("strip_metadata", False),
        store_cache=parse_size(tree["store_cache"]) if "store_cache" in tree and not problems else None,
        disclosure=tree.get("disclosure", ""),
        names=names_template,
        approval_rule=_parse_approval_rule(tree["require_approval"]) if "require_approval" in tree else None,
        stakes=stakes,
        trusted_digest=trusted,
    )


def parse_size(text: str) -> int:
    """How many bytes a size is that the schema allows.

    >>> parse_size("1.5 GB")
    1500000000
    """
    return int(float(text[:-2]) * _BYTES[text[-2:]])


def trust_command(root: Path) -> str:
    """The command that trusts a project, as it can be pasted here."""
    with suppress(OSError):  # the current folder may be gone
        if find_project_root(Path.cwd()) == root.resolve():
            return command_line("trust")
    return command_line("trust", str(root))


def _mask_secrets(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(mask_password(mask_key(each)) for each in problems)


def _parse_approval_rule(row: Mapping[str, Any]) -> "ApprovalRule":
    from hailuo_batch.core.plan.approval import ApprovalRule
    from hailuo_batch.core.spending.budget import parse_amount

    return ApprovalRule(
        above=parse_amount(row["above"], currency="") if "above" in row else None,
        by=tuple(row.get("by", ())),
        two_persons=row.get("two_persons", False),
        signers=row.get("allowed_signers", ""),
    )


def _read_trusted_digest(root: Path) -> str:
    from hailuo_batch.load.trust import read_trusted_digest

    return read_trusted_digest(root)


def _read_prices(tree: Mapping[str, Any], known: tuple[str, ...], problems: list[Problem]) -> tuple[OwnPrice, ...]:
    if not tree.get("prices"):
        return ()
    from hailuo_batch.load.prices import parse_prices  # few projects have any

    rows, found = parse_prices(tree["prices"], PriceOrigin.PROJECT, known)
    problems += found
    return rows


def _find_unknown_limits(limits: Mapping[str, Any], tables: Tables) -> Iterator[Problem]:
    known = provider_names(tables)
    for name in limits:
        if name not in known:
            why = f'there is no provider called "{name}".'
            remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
            at = ("limits", name)
            yield Problem(rule=rules.PROVIDER, why=why, remedy=remedy, path=at, on_key=True)


def _resolve_folder(root: Path, place: int, written: str, problems: list[Problem]) -> Path | None:
    try:
        folder = root / Path(written).expanduser()
        return folder if os.name == "nt" and is_network_path(written) else folder.resolve()
    except (OSError, ValueError, RuntimeError):  # nobody's home, a null byte, a link that leads to itself
        why = f"no folder can be found under {quote_text(written)}."
        remedy = "Write the path of a folder."
        at = ("allow_outside", place)
        problems.append(Problem(rule=rules.FOLDER, why=why, remedy=remedy, path=at))
        return None


def make_folder(path: Path) -> None:
    """Makes a folder with those above it, where they are not there; what stops that is said in plain words."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        inside = (each for each in (path, *path.parents) if each.exists() and not each.is_dir())
        if (file := next(inside, None)) is not None:
            why = f"A folder of that name is needed for {path}." if file != path else "A folder of that name is needed."
            raise InputError(f"{file} is a file", why=why, remedy="Move it away, or name another place.") from None
        raise InputError(f"cannot make the folder {path}", why=f"The system says: {error.strerror}.") from None


def read_file(path: Path, files: ProjectFiles = DISK) -> bytes:
    """The bytes of a file that people wrote; what stops that is said in plain words."""
    missing = "Check the name; `hailuo-batch init` creates a first one."
    with explain_unreadable(path, missing=missing, folder="Name a manifest in it."):
        return files.read_user_file(path)
