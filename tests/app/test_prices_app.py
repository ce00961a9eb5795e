"""Prices learnt from what a ledger was charged, and the list of those in effect, with a real ledger and real files."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import PAID, buy

from hailuo_batch.app.prices import learn_prices, list_prices, proposal_text, write_learnt_prices
from hailuo_batch.core.money import Money
from hailuo_batch.load.settings import read_project
from hailuo_batch.load.trust import write_trust
from hailuo_batch.views.prices import draw_learnt, draw_prices, learnt_dict, prices_dict
from hailuo_batch.views.style import TextStyle

WIDE = TextStyle(width=160)
TODAY = datetime.now(UTC).date().isoformat()


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


@pytest.fixture
def settings(project: Project) -> Path:
    file = project.folder / "hailuo.yaml"
    file.write_text("version: 1  # ours\n# the end\n")
    return file


async def test_what_was_charged_is_proposed_and_written_once(project: Project, settings: Path) -> None:
    project.write(PAID)
    await buy(project.file, cost=usd("0.30"))
    project.change("in mist", "in fog")
    await buy(project.file, cost=usd("0.25"))
    learnt = await learn_prices(project.folder)
    ((kind, charged, in_effect),) = ((each.kind, each.charged, each.in_effect) for each in learnt)
    assert kind == ("minimax", "hailuo-02", "768p", 6)
    assert [(str(each.money), each.count, each.newest) for each in charged] == [
        ("0.25 USD", 2, TODAY),
        ("0.30 USD", 3, TODAY),
    ]
    assert in_effect is not None
    row = "{provider: minimax, model: hailuo-02, resolution: 768p, duration: 6, amount: 0.25, currency: USD, "
    row += f'since: {TODAY}, source: "charged 2 times, by the ledger"}}'
    assert proposal_text(learnt) == f"prices:\n  - {row}"
    assert write_learnt_prices(learnt, project.folder) == settings
    assert settings.read_text() == f"version: 1  # ours\n# the end\n\nprices:\n  - {row}\n"
    write_trust(project.folder, read_project(project.folder).stakes)
    again = await learn_prices(project.folder)
    assert (proposal_text(again), write_learnt_prices(again, project.folder)) == ("", None)


@pytest.mark.parametrize("cost", [None, usd("0")], ids=["not reported", "nothing"])
async def test_from_no_charge_nothing_is_learnt(cost: Money | None, project: Project) -> None:
    project.write(PAID)
    await buy(project.file, cost=cost)
    assert await learn_prices(project.folder) == ()


async def test_what_is_listed_says_whose_word_each_price_is(project: Project, settings: Path, user_state: Path) -> None:
    user_state.mkdir(parents=True)
    row = "{provider: %s, resolution: 768p, duration: %s, amount: %s, currency: %s, since: %s}"
    lines = [
        row % ("mindvideo", 5, 0.2, "mindvideo-units", "2020-01-01"),
        row % ("minimax", 6, 0.2, "USD", TODAY),
        row % ("minimax", 6, 0.1, "USD", "2999-01-01"),
    ]
    (user_state / "prices.yaml").write_text("version: 1\nprices:\n" + "".join(f"- {line}\n" for line in lines))
    settings.write_text(f"version: 1\nprices: [{row % ('gccai', 5, 0.3, 'USD', TODAY)}]\n")
    prices = list_prices(project.folder)
    text = [" ".join(line.split()) for line in draw_prices(prices, WIDE).splitlines()]
    old = "your price of 2020-01-01, which is old: check it; the table has none"
    assert f"mindvideo hailuo-02 768p 5 s 0.20 mindvideo-units {old}" in text
    assert f"minimax hailuo-02 768p 6 s 0.20 USD your price of {TODAY}; the table has 0.28 USD" in text
    assert "minimax hailuo-02 768p 6 s 0.10 USD from 2999-01-01 on" in text
    assert "1 price of hailuo.yaml: not trusted, so not used. To trust it:" in text
    found = [row for row in prices_dict(prices)["prices"] if row["origin"] != "table"]  # type: ignore[attr-defined]
    assert [(row["provider"], row["amount"], row["in_effect"]) for row in found] == [
        ("mindvideo", "0.2", True), ("minimax", "0.2", True), ("minimax", "0.1", False),
    ]  # fmt: skip
    write_trust(project.folder, read_project(project.folder).stakes)
    text = [" ".join(line.split()) for line in draw_prices(list_prices(project.folder), WIDE).splitlines()]
    assert f"gccai hailuo-02 768p 5 s 0.30 USD hailuo.yaml's price of {TODAY}; the table has none" in text


async def test_a_person_reads_what_was_charged_and_what_follows(project: Project, settings: Path) -> None:
    assert draw_learnt((), "").startswith("The ledger has no actual cost")
    project.write(PAID)
    await buy(project.file, cost=usd("0.25"))
    learnt = await learn_prices(project.folder)
    text = draw_learnt(learnt, proposal_text(learnt), style=WIDE)
    assert "0.25 USD  3 times, last on " in text
    assert "; proposed in place of 0.28 USD of 2026-07-10" in text
    assert "\n\nprices:\n  - {provider: minimax" in text
    written = draw_learnt(learnt, proposal_text(learnt), written=str(settings))
    assert written.endswith("hailuo-batch trust")
    rows: Any = learnt_dict(learnt, 0.0)["learnt"]
    (row,) = rows
    assert (row["provider"], row["seconds"], row["proposed"], row["charged"][0]["count"]) == ("minimax", 6, True, 3)
