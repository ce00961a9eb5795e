"""Prices of one's own: where they are, which row counts, what is wrong with one, and how they are added to settings."""

from decimal import Decimal
from pathlib import Path

import pytest
from platformdirs import user_config_path

from hailuo_batch.core import rules
from hailuo_batch.core.money import Money, PriceOrigin, PriceRow, find_price
from hailuo_batch.core.providers.own_prices import OwnPrice, OwnPrices
from hailuo_batch.errors import InputError
from hailuo_batch.load.price_edit import add_prices
from hailuo_batch.load.prices import read_user_prices
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.load.trust import write_trust
from hailuo_batch.load.user_state import find_price_file

TODAY = "2026-11-26"
ROW = "{provider: minimax, resolution: 768p, duration: 6, amount: 0.2, currency: USD, since: 2026-11-01}"


def own(
    amount: str,
    since: str = "2026-11-01",
    *,
    origin: PriceOrigin = PriceOrigin.USER,
    currency: str = "USD",
    model: str = "hailuo-02",
    seconds: int = 6,
) -> OwnPrice:
    price = Money(amount=Decimal(amount), currency=currency)
    row = PriceRow(resolution="768p", seconds=seconds, price=price, read=since, source="", origin=origin)
    return OwnPrice(provider="minimax", model=model, row=row)


@pytest.mark.parametrize(
    ("rows", "region", "counts"),
    [
        ([], "", "0.28 USD"),
        ([own("0.20", "2020-01-01")], "", "0.20 USD"),
        ([own("0.40")], "", "0.40 USD"),
        ([own("0.20", origin=PriceOrigin.PROJECT, since="2020-01-01"), own("0.30")], "", "0.20 USD"),
        ([own("0.20", "2026-10-01"), own("0.25", "2026-11-02"), own("0.22", "2026-11-01")], "", "0.25 USD"),
        ([own("0.20"), own("0.10", "2026-11-27")], "", "0.20 USD"),
        ([own("0.20", TODAY)], "", "0.20 USD"),
        ([own("0.20"), own("0.21")], "", "0.20 USD"),
        ([own("5", currency="credits")], "", "5.00 credits"),
        ([own("0.20", model="hailuo-2.3"), own("0.20", seconds=10)], "", "0.28 USD"),
        ([own("0.20")], "china", "2.00 CNY"),
        ([own("1.50", currency="cny")], "china", "1.50 cny"),
    ],
    ids=[
        "the table's", "older than the table's", "dearer", "the project's first", "the newest", "not yet", "from today",
        "the upper of one date", "in another currency", "for something else", "a region has its own currency",
        "in the region's currency",
    ],
)  # fmt: skip
def test_which_price_counts(rows: list[OwnPrice], region: str, counts: str) -> None:
    prices = OwnPrices(rows=tuple(rows), today=TODAY)
    provider = read_provider("minimax", "hailuo-02", region=region, own_prices=prices)
    assert str(find_price(provider.prices, resolution="768p", seconds=6)) == counts


def test_the_user_has_prices_where_the_system_keeps_such_files(monkeypatch: pytest.MonkeyPatch, user_state: Path):
    assert find_price_file() == user_state / "prices.yaml"
    monkeypatch.setenv("HAILUO_STATE", "relative")  # a repository could ship it
    assert find_price_file() is None
    monkeypatch.delenv("HAILUO_STATE")
    assert find_price_file() == user_config_path("hailuo-batch", appauthor=False) / "prices.yaml"


def test_a_user_without_a_home_has_no_prices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HAILUO_STATE", "HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: object) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert read_user_prices() == ((), ())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"prices: [{ROW}]", rules.KEY_MISSING),
        (f"version: 1\nprices: [{ROW.replace('0.2,', '0,')}]", rules.RANGE),
        (f"version: 1\nprices: [{ROW.replace('0.2,', '-1,')}]", rules.RANGE),
        (f"version: 1\nprices: [{ROW.replace('2026-11-01', '2026-02-30')}]", rules.FORM),
        (f"version: 1\nprices: [{ROW.replace('2026-11-01', 'soon')}]", rules.FORM),
        (f"version: 1\nprices: [{ROW.replace('{', '{model: hailuo-9, ')}]", rules.CHOICE),
        (f"version: 1\nprices: [{ROW.replace('768p', '720p')}]", rules.CHOICE),
        (f"version: 1\nprices: [{ROW.replace('since', 'from')}]", rules.KEY_MISSING),
        ("version: 1\nprices: {", rules.YAML_SYNTAX),
    ],
    ids=["no version", "zero", "below", "no such day", "no day", "no such model", "no such size", "a slip", "broken"],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_with_its_place(text: str, rule: object, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    rows, problems = read_user_prices(file)
    assert rows == ()
    assert rule in {problem.rule for problem in problems}
    assert all(problem.place is not None and problem.place.file == str(file) for problem in problems)


def test_an_amount_is_exact_and_a_code_of_a_currency_is_in_capitals(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(f"version: 1\nprices: [{ROW.replace('0.2,', '0.225,').replace('USD', 'usd')}]")
    ((row,), _) = read_user_prices(file)
    assert row.row.price == Money(amount=Decimal("0.225"), currency="USD")


def test_the_users_file_may_be_a_link_and_names_gateways_of_other_projects(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, file = tmp_path / "dotfiles" / "prices.yaml", tmp_path / "prices.yaml"
    real.write_text(f"version: 1\nprices: [{ROW.replace('minimax', 'studio')}]")
    file.symlink_to(real)
    rows, problems = read_user_prices(file)
    assert ([str(row) for row in rows], problems) == (["studio hailuo-02 768p 6 s for 0.20 USD since 2026-11-01"], ())
    file.unlink()
    file.mkdir()
    with pytest.raises(InputError, match="cannot read your prices"):
        read_user_prices(file)


def settings(folder: Path, text: str) -> Project:
    (folder / "hailuo.yaml").write_text(text)
    return read_project(folder)


def test_a_projects_prices_count_when_it_is_trusted_as_it_is(tmp_path: Path) -> None:
    """Money: a price that is too low would let every cap buy more than it says."""
    text = f"version: 1\nprices: [{ROW}]\n"
    doubted = settings(tmp_path, text)
    assert (doubted.prices, [problem.rule for problem in doubted.warnings]) == ((), [rules.UNTRUSTED])
    assert "no estimate is made by minimax hailuo-02 768p 6 s for 0.20 USD since 2026-11-01" in doubted.warnings[0].why
    assert doubted.stakes.widenings == ("the price minimax hailuo-02 768p 6 s for 0.20 USD since 2026-11-01",)
    write_trust(tmp_path, doubted.stakes)
    assert len(read_project(tmp_path).prices) == 1
    assert settings(tmp_path, text.replace("0.2,", "0.1,")).prices == ()


def test_a_project_names_only_gateways_that_it_has(tmp_path: Path) -> None:
    (problem,) = settings(tmp_path, f"version: 1\nprices: [{ROW.replace('minimax', 'minimx')}]\n").problems
    assert (problem.rule, problem.place is not None and problem.place.line) == (rules.PROVIDER, 2)
    assert "minimax" in problem.remedy


NEW = (
    "{provider: minimax, model: hailuo-02, resolution: 768p, duration: 6, amount: 0.20, currency: USD, "
    "since: 2026-11-01}"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f"version: 1\n\nprices:\n  - {NEW}\n"),
        ("version: 1  # ours\ncaps: []", f"version: 1  # ours\ncaps: []\n\nprices:\n  - {NEW}\n"),
        ("version: 1\r\n# end\r\n", f"version: 1\r\n# end\r\n\r\nprices:\r\n  - {NEW}\r\n"),
        (
            f"version: 1\nprices:  # mine\n# of March\n- {ROW}\n\n# where\nproviders: [minimax]\n",
            f"version: 1\nprices:  # mine\n- {NEW}\n# of March\n- {ROW}\n\n# where\nproviders: [minimax]\n",
        ),
        (
            f"version: 1\nprices:\n    - {ROW.strip('{}').replace(', ', chr(10) + '      ')}\n",
            f"version: 1\nprices:\n    - {NEW}\n    - {ROW.strip('{}').replace(', ', chr(10) + '      ')}\n",
        ),
    ],
    ids=["no file", "no end of line", "CR LF", "before the others", "a member a line"],
)  # fmt: skip
def test_rows_are_added_and_every_other_byte_stays(before: str | None, after: str, tmp_path: Path) -> None:
    file = tmp_path / "hailuo.yaml"
    if before is not None:
        file.write_bytes(before.encode())
    add_prices(tmp_path, [own("0.20", origin=PriceOrigin.PROJECT)])
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize("prices", [f"[{ROW}]", "[]", f"\n  [{ROW}]"])
def test_where_a_row_cannot_be_added_it_is_printed_and_nothing_is_written(prices: str, tmp_path: Path) -> None:
    file = tmp_path / "hailuo.yaml"
    file.write_text(f"version: 1\nprices: {prices}\n")
    before = file.read_bytes()
    with pytest.raises(InputError) as wrong:
        add_prices(tmp_path, [own("0.20", origin=PriceOrigin.PROJECT)])
    assert NEW in wrong.value.remedy
    assert file.read_bytes() == before
