"""Where a dialect comes from: our families, a project's own table, a plugin."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from gateway_samples import ALL, question, reply

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.errors import InputError
from hailuo_batch.gateways.dialect import Dialect, SubmitAccepted
from hailuo_batch.gateways.error_classes import ErrorMeaning
from hailuo_batch.gateways.registry import DIALECTS
from hailuo_batch.load import dialect_plugins
from hailuo_batch.load.provider_tables import (
    base_url,
    load_dialect,
    provider_names,
    read_custom_table,
    read_provider,
    read_provider_table,
    read_providers,
)
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.testing.dialect_contract import play_conversation

OWN = {"title": "Studio gateway", "key": "STUDIO_API_KEY", "base_url": "https://video.studio.test", "like": "mindvideo"}


def studio(**members: object) -> Mapping[str, Any]:
    table, problems = read_custom_table({**OWN, **members}, "studio")
    assert problems == ()
    assert table is not None
    return table


@pytest.mark.parametrize("name", ALL)
def test_each_of_ours_is_of_a_family(name: str) -> None:
    assert read_provider_table(name)["dialect"] in DIALECTS
    dialect: Dialect = load_dialect(name)
    assert dialect.parse_callback({}) == ""


def test_a_gateway_of_a_known_shape_is_a_table_and_nothing_else() -> None:
    tables = {"studio": studio(wire={"submit": {"path": "/render"}, "poll": {"statuses": {"made": ["ready"]}}})}
    dialect = load_dialect("studio", tables)
    (call,), _ = play_conversation(dialect.submit(question()), ())
    assert (call.path, call.body["model"]) == ("/render", "minimax-hailuo-02")  # type: ignore[index]
    assert play_conversation(dialect.submit(question()), [reply({"task_id": "t1"})])[1] == SubmitAccepted(task="t1")
    said = play_conversation(
        dialect.poll("t1"), [reply({"status": "READY", "output": {"videos": [{"url": "https://x.test/a"}]}})]
    )[1]
    assert said.link == "https://x.test/a"  # type: ignore[union-attr]


def test_what_such_a_table_takes_over_and_what_it_does_not() -> None:
    like = studio(like="minimax")
    assert {"dialect", "wire", "models"} <= set(like)
    assert not {"regions", "limits", "notes", "inferred", "currency", "remedies"} & set(like)
    provider = read_provider("studio", "hailuo-02", tables={"studio": like})
    assert (provider.prices, provider.currency, provider.base_url) == ((), None, "https://video.studio.test")
    assert provider.has_offer(Mode.FIRST, "512p", 10)


def test_a_table_may_stand_in_for_one_of_ours() -> None:
    tables = {"minimax": studio(like="minimax", base_url="https://proxy.test/minimax")}
    assert base_url("minimax", tables=tables) == "https://proxy.test/minimax"
    assert provider_names(tables) == ALL
    assert provider_names({"studio": OWN}) == tuple(sorted((*ALL, "studio")))
    providers, problems = read_providers(["studio"], "hailuo-02", tables={"studio": studio()})
    assert ([each.title for each in providers], problems) == (["Studio gateway"], ())


@pytest.mark.parametrize(
    ("tree", "code", "path", "told"),
    [
        ("text", "provider-table", ("x",), "no table"),
        ({"like": "mindvidoe"}, "provider", ("x", "like"), 'Did you mean "mindvideo"?'),
        ({"like": 7}, "provider", ("x", "like"), "Known are"),
        ({"like": ["minimax"]}, "provider", ("x", "like"), "Did you mean"),
        ({**OWN, "wire": {"submit": {"paht": "/"}}}, "key-unknown", ("x", "wire", "submit", "paht"), '"path"'),
        ({**OWN, "key": "sk-live-1"}, None, ("x", "key"), ""),
        ({**OWN, "base_url": "ftp://x.test"}, None, ("x", "base_url"), ""),
        ({**OWN, "base_url": "https://user:word@x.test"}, None, ("x", "base_url"), ""),
        ({"title": "T", "key": "K", "base_url": "https://x.test", "models": {}}, "key-missing", ("x",), "dialect"),
        ({**OWN, "wire": {"errors": {"codes": {"7": "lunch"}}}}, None, ("x", "wire", "errors", "codes", "7"), ""),
        ({**OWN, "wire": {"submit": {"path": "/{task}"}}}, None, ("x", "wire", "submit", "path"), ""),
    ],
)
def test_a_table_that_is_wrong_says_where(tree: object, code: str | None, path: tuple[str, ...], told: str) -> None:
    table, problems = read_custom_table(tree, "studio", path=("x",))
    assert table is None
    assert path in [problem.path for problem in problems]
    fitting = next(problem for problem in problems if problem.path == path)
    assert code in {None, fitting.rule.id}
    assert told in fitting.why + fitting.remedy


def test_a_table_of_a_plugins_dialect_may_talk_as_it_likes() -> None:
    table, problems = read_custom_table({**OWN, "dialect": "theirs", "wire": {"anything": [1]}}, "studio")
    assert (problems, table is not None) == ((), True)


@pytest.mark.parametrize(
    ("name", "wanted", "url"),
    [
        ("minimax", "", "https://api.minimax.io"),
        ("minimax", "global", "https://api.minimax.io"),
        ("minimax", "china", "https://api.minimaxi.com"),
        ("vtrix", "gateway", "https://gateway.vtrix.ai"),
        ("gccai", "http://127.0.0.1:8080/gccai/", "http://127.0.0.1:8080/gccai"),
    ],
)
def test_a_base_address_is_the_tables_a_regions_or_any_that_is_given(name: str, wanted: str, url: str) -> None:
    assert base_url(name, wanted) == url


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("minimax", "chna"), ("gccai", "eu"), ("gccai", "ftp://x.test"), ("gccai", "https://x.test?a=1")],
)
def test_a_base_address_that_cannot_be_used_is_refused(name: str, wanted: str) -> None:
    with pytest.raises(InputError) as told:
        base_url(name, wanted)
    assert name in told.value.summary
    assert told.value.remedy or told.value.why


def test_the_china_site_has_its_own_prices() -> None:
    china = read_provider("minimax", "hailuo-02", region="china")
    assert (china.currency, {str(row.price) for row in china.prices if row.seconds == 6}) == (
        "CNY",
        {"0.60 CNY", "2.00 CNY", "3.50 CNY"},
    )
    proxied = read_provider("minimax", "hailuo-02", region="http://127.0.0.1:1/minimax")
    assert (proxied.currency, proxied.base_url) == ("USD", "http://127.0.0.1:1/minimax")
    assert read_provider("minimax", "hailuo-9", region="china").prices == ()
    fast = read_provider("minimax", "hailuo-2.3-fast", region="china")
    assert [str(row.price) for row in fast.prices] == ["1.35 CNY", "2.25 CNY", "2.31 CNY"]


def test_a_regions_price_list_without_models_is_that_of_hailuo_02() -> None:
    """Money: such a list was written when there was one model; another model's clip may cost more."""
    prices = [
        {"resolution": "768p", "seconds": 6, "amount": "9.00", "currency": "EUR", "read": "2026-11-20", "source": "x"}
    ]
    region = {"base_url": "https://eu.example", "source": "x", "read": "2026-11-20", "prices": prices}
    tree = {
        **studio(),
        "regions": {"eu": region},
        "models": {name: read_provider_table("minimax")["models"]["hailuo-02"] for name in ("hailuo-02", "other")},
    }
    table, problems = read_custom_table(tree, "studio")
    assert problems == ()
    assert table is not None
    sold = {model: read_provider("studio", model, region="eu", tables={"studio": table}) for model in tree["models"]}
    assert {model: [str(row.price) for row in found.prices] for model, found in sold.items()} == {
        "hailuo-02": ["9.00 EUR"], "other": [],
    }  # fmt: skip


@dataclass(frozen=True)
class _Plugin:
    """As much of an entry point as is looked at."""

    name: str
    brings: Any
    value: str = "studio_gateway:dialect"
    dist: Any = None

    def load(self) -> Any:
        if isinstance(self.brings, Exception):
            raise self.brings
        return self.brings


class _Half:
    def submit(self) -> None: ...


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[_Plugin]:
    found: list[_Plugin] = []
    monkeypatch.setattr(
        dialect_plugins, "entry_points", lambda group: found if group == "hailuo_batch.dialects" else []
    )
    return found


THEIRS = {"studio": {**studio(), "dialect": "theirs"}}


def test_a_plugin_brings_a_dialect_that_is_loaded_when_it_is_used(plugins: list[_Plugin]) -> None:
    plugins += [_Plugin("broken", ImportError("never asked for")), _Plugin("theirs", DIALECTS["tabled"])]
    assert load_dialect("studio", THEIRS).parse_callback({}) == ""
    assert load_dialect("minimax")


@pytest.mark.parametrize(
    ("brings", "why"),
    [
        (ImportError("no module named studio"), "ImportError: no module named studio"),
        (lambda table: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda table: _Half(), "It has no poll, tasks, balance, events, parse_callback."),
        (7, "TypeError: 'int' object is not callable"),
    ],
)
def test_a_broken_plugin_is_named(plugins: list[_Plugin], brings: object, why: str) -> None:
    plugins.append(_Plugin("theirs", brings))
    with pytest.raises(InputError) as told:
        load_dialect("studio", THEIRS)
    assert told.value.summary == 'the dialect "theirs" of studio_gateway:dialect cannot be used'
    assert told.value.why == why


def test_a_dialect_that_nobody_brings_or_two_do_is_told(plugins: list[_Plugin]) -> None:
    with pytest.raises(InputError, match='no dialect "theirs"'):
        load_dialect("studio", THEIRS)
    plugins += [_Plugin("theirs", None), _Plugin("theirs", None, value="other:dialect")]
    with pytest.raises(InputError, match="there twice") as told:
        load_dialect("studio", THEIRS)
    assert told.value.why == "It is brought by studio_gateway:dialect and by other:dialect."


def test_the_schema_has_the_words_of_the_code() -> None:
    definitions = read_schema("provider")["definitions"]
    assert set(definitions["meaning"]["enum"]) == set(ErrorMeaning)
    assert set(definitions["command"]["enum"]) == set(CameraCommand)


@pytest.mark.parametrize("name", ALL)
def test_every_row_says_where_and_when_it_was_read_and_names_no_machine(name: str) -> None:
    rows = list(_rows(read_provider_table(name)))
    assert len(rows) > 5
    for row in rows:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["read"])
        assert not re.match(r"/|\.\.|file:|[A-Z]:\\", row["source"])


def _rows(value: Any) -> Any:
    if isinstance(value, dict):
        if "source" in value:
            yield value
        for each in value.values():
            yield from _rows(each)
    elif isinstance(value, list):
        for each in value:
            yield from _rows(each)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("gccai", (None, 2, 86400, True, True, False, False)),
        ("odkkk", (None, 8, 86400, True, False, False, True)),
        ("mindvideo", (None, None, None, True, True, True, False)),
        ("vtrix", (None, 5, None, True, True, False, True)),
        ("highwayapi", (None, None, 3600, True, True, False, False)),
        ("minimax", (5, 10, 3600, True, True, False, True)),
    ],
)
def test_what_is_known_beside_the_offers(name: str, facts: tuple[object, ...]) -> None:
    of = read_provider(name, "hailuo-02")
    limits = (of.limits.per_minute, of.limits.poll_seconds, of.limits.link_seconds)
    assert (*limits, of.accepts_urls, of.accepts_data, of.idempotent, of.callbacks) == facts
    assert of.inferences


def test_switches_are_those_that_have_a_field() -> None:
    assert set(read_provider("odkkk", "hailuo-02").switches or ()) == {"prompt_optimizer", "fast_pretreatment"}
    assert set(read_provider("vtrix", "hailuo-02").switches or ()) == {"prompt_optimizer", "watermark"}
    assert set(read_provider("highwayapi", "hailuo-02").switches or ()) == {"prompt_optimizer", "fast_pretreatment"}


def test_a_table_of_another_resolution_is_not_sent() -> None:
    tables = {"studio": {**studio(), "wire": {**studio()["wire"]}}}
    tables["studio"]["wire"]["submit"] = {**tables["studio"]["wire"]["submit"], "resolutions": {"768p": "HD"}}
    dialect = load_dialect("studio", tables)
    assert play_conversation(dialect.submit(question(resolution="1080p")), ())[1].kind is FailureKind.UNABLE  # type: ignore[union-attr]
