"""The gateways' tables against the facts collected of them; the numbers here are a second copy, made by hand."""

import re
from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from jsonschema import Draft7Validator

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.money import find_price
from hailuo_batch.load.provider_tables import (
    provider_names,
    read_provider,
    read_provider_table,
    read_providers,
    unknown_providers,
)
from hailuo_batch.load.schemas import read_schema

ALL = provider_names()
SIZES = ("512p", "768p", "1080p")
MODES = (Mode.TEXT, Mode.FIRST, Mode.FIRST_LAST, Mode.LAST)

# What each sells: a row of 512p, 768p and 1080p for text, for a first frame, and for a first and last frame.
SOLD = {
    "gccai": ("5 10 | 5 10 | 5", "5 10 | 5 10 | 5", "5 10 | 5 10 | 5"),
    "odkkk": ("- | 6 10 | 6", "6 10 | 6 10 | 6", "- | 6 10 | 6"),
    "mindvideo": ("5 10 | 5 10 | 5 10", "5 10 | 5 10 | 5 10", "5 10 | 5 10 | 5 10"),
    "vtrix": ("- | - | -", "6 10 | 6 10 | 6", "- | 6 10 | 6"),
    "highwayapi": ("- | 6 10 | 6", "- | 6 10 | 6", "- | 6 10 | 6"),
    "minimax": ("- | 6 10 | 6", "6 10 | 6 10 | 6", "- | 6 10 | 6"),
}
KEYS = {name: f"{name.upper()}_API_KEY" for name in ALL}
NEED_A_PROMPT = {
    "gccai": set(MODES[:3]),
    "odkkk": {Mode.TEXT},
    "mindvideo": set(MODES[:3]),
    "vtrix": set(),
    "highwayapi": set(MODES[:3]),
    "minimax": {Mode.TEXT},
}


def sold(name: str, mode: Mode, size: str) -> set[int]:
    if mode is Mode.LAST:
        return set()
    cell = SOLD[name][MODES.index(mode)].split("|")[SIZES.index(size)]
    return {int(word) for word in cell.split() if word != "-"}


def test_the_facts_are_those_of_every_gateway() -> None:
    assert set(ALL) == set(SOLD)


@pytest.mark.parametrize("name", ALL)
def test_a_table_is_as_its_schema_wants_it(name: str) -> None:
    table = read_provider_table(name)
    assert list(Draft7Validator(read_schema("provider")).iter_errors(table)) == []
    assert table["name"] == name


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("mode", "size"), list(product(MODES, SIZES)))
def test_a_gateway_sells_what_was_found_out_and_nothing_else(name: str, mode: Mode, size: str) -> None:
    provider = read_provider(name, "hailuo-02")
    for seconds in range(1, 61):
        assert provider.has_offer(mode, size, seconds) is (seconds in sold(name, mode, size)), seconds


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("mode", "size"), list(product(MODES, SIZES)))
def test_short_and_long_are_what_it_sells_under_them(name: str, mode: Mode, size: str) -> None:
    provider = read_provider(name, "hailuo-02")
    lengths = sold(name, mode, size)
    assert provider.has_offer(mode, size, "short") is bool(lengths & {5, 6})
    assert provider.has_offer(mode, size, "long") is (10 in lengths)
    assert provider.find_seconds("short") == (5 if name in {"gccai", "mindvideo"} else 6)
    assert provider.find_seconds("long") == 10


@pytest.mark.parametrize("name", ALL)
def test_a_gateway_has_its_own_key_and_reads_two_thousand_characters(name: str) -> None:
    provider = read_provider(name, "hailuo-02")
    assert provider.key == KEYS[name]
    assert provider.max_prompt_length == 2000
    assert provider.prompt_modes == NEED_A_PROMPT[name]
    assert not provider.is_free


@pytest.mark.parametrize(
    ("size", "seconds", "dollars"),
    [
        ("512p", 6, "0.10"), ("512p", 10, "0.15"), ("768p", 6, "0.28"), ("768p", 10, "0.56"), ("1080p", 6, "0.49"),
        ("1080p", 10, None),
    ],
)  # fmt: skip
def test_minimax_publishes_its_prices(size: str, seconds: int, dollars: str | None) -> None:
    price = find_price(read_provider("minimax", "hailuo-02").prices, resolution=size, seconds=seconds)
    found = (price.amount, price.currency) if price is not None else None
    assert found == ((Decimal(dollars), "USD") if dollars else None)


@pytest.mark.parametrize("name", [name for name in ALL if name != "minimax"])
def test_nobody_elses_prices_are_known(name: str) -> None:
    assert read_provider(name, "hailuo-02").prices == ()


@pytest.mark.parametrize(
    ("name", "currency"),
    [
        ("minimax", "USD"),
        ("vtrix", "USD"),
        ("odkkk", "credits"),
        ("gccai", None),
        ("mindvideo", None),
        ("highwayapi", None),
    ],
)
def test_a_currency_is_named_only_where_the_gateway_says_it(name: str, currency: str | None) -> None:
    assert read_provider(name, "hailuo-02").currency == currency


@pytest.mark.parametrize("name", ALL)
def test_every_row_says_when_and_where_it_was_read(name: str) -> None:
    for row in read_provider_table(name)["models"].values():
        for dated in (row, *row.get("prices", ())):
            assert date.fromisoformat(dated["read"]) <= date(2026, 12, 31)
            assert re.match(r"https://\S+\Z", dated["source"])


@pytest.mark.parametrize("name", ALL)
def test_a_price_is_only_given_for_what_is_sold(name: str) -> None:
    provider = read_provider(name, "hailuo-02")
    for row in provider.prices:
        assert any(provider.has_offer(mode, row.resolution, row.seconds) for mode in Mode)


def test_a_model_that_a_gateway_does_not_have_is_offered_in_no_mode() -> None:
    stranger = read_provider("minimax", "hailuo-9")
    assert not any(stranger.has_offer(mode, size, 6) for mode, size in product(Mode, SIZES))


def test_providers_come_in_the_order_of_preference() -> None:
    providers, problems = read_providers(["vtrix", "gccai"], "hailuo-02")
    assert ([each.name for each in providers], problems) == (["vtrix", "gccai"], ())


def test_who_names_nobody_gets_the_one_with_a_price() -> None:
    ((provider,), _) = read_providers((), "hailuo-02")
    assert provider.name == "minimax"
    assert provider.prices


def test_the_animatic_is_nobodys() -> None:
    ((provider,), problems) = read_providers(["nobody"], "animatic")
    assert (provider.name, provider.is_free, problems) == ("animatic", True, ())


def test_an_unknown_provider_is_told_with_its_place_and_the_others_stay() -> None:
    providers, (problem,) = read_providers(["vtrix", "minimaxx"], "hailuo-02")
    assert [each.name for each in providers] == ["vtrix"]
    assert (problem.rule.id, problem.path) == ("provider", ("providers", 1))
    assert problem.remedy == 'Did you mean "minimax"?'
    assert unknown_providers(["vtrix", "minimaxx"]) == (problem,)
    assert "Known are gccai" in unknown_providers(["zzzzz"])[0].remedy
