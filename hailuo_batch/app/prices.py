"""Prices: the rows in effect, and rows learnt from what the ledger was actually charged. Spends nothing."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hailuo_batch.app.account import require_valid_settings
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.days import utc_day
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import PriceOrigin, PriceRow, choose_price, list_effective_prices
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.providers.own_prices import OwnPrice, OwnPrices
from hailuo_batch.core.providers.price_list import PriceFact, PriceList
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.core.spending.learnt_prices import ClipKind, LearntPrice, sum_charges
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.load.prices import read_own_prices
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.load.user_state import find_price_file


def list_prices(folder: Path | str = ".") -> PriceList:
    """The prices in effect for the project around `folder`, and those of one's own that begin later.

    Raises `InputError` for settings or prices that cannot be used.
    """
    project, now = _read_valid_project(folder), SystemClock().now()
    own = read_valid_prices(project, now)
    facts = [fact for each in _read_providers(project, own) for fact in _list_facts(each)]
    ahead = (each for each in own.rows if each.row.read > own.today)
    facts += [PriceFact(provider=each.provider, model=each.model, row=each.row, is_ahead=True) for each in ahead]
    untrusted = () if project.is_trusted else project.stakes.prices
    file = find_price_file()
    return PriceList(facts=tuple(facts), now=now, user_file=str(file or ""), untrusted=untrusted)


async def learn_prices(folder: Path | str = ".") -> tuple[LearntPrice, ...]:
    """What the ledger of the project around `folder` was charged, for each provider, model, resolution and length."""
    project, now = _read_valid_project(folder), SystemClock().now()
    own = read_valid_prices(project, now)
    async with Workspace(project.root, World.REAL).read_ledger() as ledger:
        attempts = await ledger.attempts()
    charges = sum_charges(_find_kinds(attempts, project))
    found = []
    for kind, charged in charges.items():
        row = _find_row(kind, project, own)
        is_old = row is not None and row.is_old(now)
        found.append(LearntPrice(kind=kind, charged=charged, in_effect=row, is_in_effect_old=is_old))
    return tuple(found)


def write_learnt_prices(learnt: Iterable[LearntPrice], folder: Path | str = ".") -> Path | None:
    """Adds the proposed rows to hailuo.yaml, whose other lines stay as they are; the file, None for nothing new."""
    from hailuo_batch.load.price_edit import add_prices

    project = _read_valid_project(folder)
    rows = make_proposals(learnt)
    return add_prices(project.root, rows) if rows else None


def make_proposals(learnt: Iterable[LearntPrice]) -> tuple[OwnPrice, ...]:
    """A row for each price that says something new: the newest amount, since the day on which it was charged."""
    return tuple(_make_proposal(each) for each in learnt if each.is_proposed)


def proposal_text(learnt: Iterable[LearntPrice]) -> str:
    """The proposed rows as YAML that can be pasted into hailuo.yaml; "" for nothing new."""
    from hailuo_batch.load.price_edit import price_lines

    rows = make_proposals(learnt)
    return "\n".join(("prices:", *price_lines(rows))) if rows else ""


def _make_proposal(learnt: LearntPrice) -> OwnPrice:
    newest, kind = learnt.charged[0], learnt.kind
    row = PriceRow(
        resolution=kind.resolution,
        seconds=kind.seconds,
        price=newest.money,
        read=newest.newest,
        source=f"charged {newest.count} time{'s' * (newest.count != 1)}, by the ledger",
        origin=PriceOrigin.PROJECT,
    )
    return OwnPrice(provider=kind.provider, model=kind.model, row=row)


def read_valid_prices(project: Project, now: float | None = None) -> OwnPrices:
    """Prices of one's own as they hold now. Raises `InputError` where the user's file cannot be used."""
    own, problems = read_own_prices(project.prices, utc_day(SystemClock().now() if now is None else now))
    first = next((each for each in problems if each.severity is Severity.ERROR), None)
    if first is not None:
        at = f" (line {first.place.line})" if first.place is not None else ""
        why = f"{first.why[:1].upper()}{first.why[1:]}"
        raise InputError(f"your prices cannot be used: {find_price_file()}{at}", why=why, remedy=first.remedy)
    return own


def _read_valid_project(folder: Path | str) -> Project:
    project = read_project(Path(folder).resolve())
    require_valid_settings(project)
    return project


def _read_providers(project: Project, own: OwnPrices) -> Iterator[Provider]:
    """Each gateway with each of its models."""
    for name in provider_names(project.tables):
        for model in read_provider_table(name, project.tables)["models"]:
            yield _read_one(name, model, project, own)


def _read_one(name: str, model: str, project: Project, own: OwnPrices) -> Provider:
    return read_provider(name, model, region=project.regions.get(name, ""), tables=project.tables, own_prices=own)


def _list_facts(provider: Provider) -> Iterator[PriceFact]:
    for row in list_effective_prices(provider.prices):
        others = [each for each in provider.prices if each.origin is not row.origin]
        other = None
        if row.origin is not PriceOrigin.TABLE:
            other = choose_price(others, resolution=row.resolution, seconds=row.seconds)
        yield PriceFact(provider=provider.name, model=provider.model.name, row=row, instead_of=other)


def _find_kinds(attempts: Sequence[AttemptRecord], project: Project) -> Iterator[tuple[ClipKind, AttemptRecord]]:
    """What each attempt with an actual cost was about; one that was brought back without a submit was charged once."""
    known = provider_names(project.tables)
    for each in attempts:
        if each.cost is None or not each.task or is_local(each.provider):
            continue
        request = parse_preimage(each.preimage)
        seconds = request.duration if isinstance(request.duration, int) else None
        if seconds is None and each.provider in known:
            seconds = read_provider(each.provider, request.model, tables=project.tables).find_seconds(request.duration)
        if seconds is not None:
            yield ClipKind(each.provider, request.model, request.resolution, seconds), each


def _find_row(kind: ClipKind, project: Project, own: OwnPrices) -> PriceRow | None:
    if kind.provider not in provider_names(project.tables):
        return None
    rows = _read_one(kind.provider, kind.model, project, own).prices
    return choose_price(rows, resolution=kind.resolution, seconds=kind.seconds)
