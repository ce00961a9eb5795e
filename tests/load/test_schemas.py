import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hailuo_batch.load.provider_tables import provider_names, read_provider_table
from hailuo_batch.load.schemas import matches_schema, read_schema, schema_names

NAMES = schema_names()
MANIFEST = read_schema("manifest")


def keys(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a person can write, by its path, with what the schema says of it; references are followed."""
    if isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield f"{at}.{name}", resolved(member)
        for word, member in schema.items():
            if word != "if":  # a question, whose keys are described elsewhere
                yield from keys(member, f"{at}.{word}" if word != "properties" else at)
    elif isinstance(schema, list):
        for place, member in enumerate(schema):
            yield from keys(member, f"{at}.{place}")


def resolved(member: dict[str, Any]) -> dict[str, Any]:
    return MANIFEST["definitions"][member["$ref"].rsplit("/", 1)[1]] if "$ref" in member else member


KEYS = dict(keys(MANIFEST))


def test_there_are_the_schemas_that_are_spoken_of() -> None:
    assert {"manifest", "provider", "settings", "report"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_itself_valid(name: str) -> None:
    schema = read_schema(name)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    jsonschema_rs.Draft7Validator(schema)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_manifest_has_a_description_a_default_and_an_example(key: str) -> None:
    said = KEYS[key]
    assert said["description"].endswith(".")
    assert "default" in said
    assert said["examples"]


def test_the_keys_are_really_found() -> None:
    assert {".campaign", ".shots", ".budget.max", ".definitions.shot.frames"} <= set(KEYS)
    assert len(KEYS) > 35


@pytest.mark.parametrize("key", KEYS)
def test_the_examples_are_valid(key: str) -> None:
    check = Draft7Validator({**KEYS[key], "definitions": MANIFEST["definitions"]})
    for shown in KEYS[key]["examples"]:
        check.validate(shown)


def test_the_whole_of_the_examples_is_a_valid_manifest() -> None:
    whole = {name: resolved(member)["examples"][0] for name, member in MANIFEST["properties"].items()}
    assert matches_schema("manifest", whole)
    shot = {
        name: resolved(member)["examples"][0] for name, member in MANIFEST["definitions"]["shot"]["properties"].items()
    }
    assert matches_schema("manifest", {**whole, "shots": [shot]})


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith(".properties.defaults") or key.count(".") == 3])
def test_a_default_is_one_that_the_schema_takes(key: str) -> None:
    said = KEYS[key]
    if said["default"] not in (None, "", [], {}):
        Draft7Validator({**said, "definitions": MANIFEST["definitions"]}).validate(said["default"])


def test_an_editor_offers_every_provider_and_every_length() -> None:
    definitions = MANIFEST["definitions"]
    assert sorted(definitions["provider"]["examples"]) == sorted(provider_names())
    offers = [read_provider_table(name)["models"]["hailuo-02"]["offers"] for name in provider_names()]
    sold = {length for offer in offers for sizes in offer.values() for lengths in sizes.values() for length in lengths}
    assert sold - set(definitions["duration"]["examples"]) == {5}  # which is `short`
    assert {"short", "long"} <= set(definitions["duration"]["examples"])


def test_a_price_is_written_alike_in_both_files() -> None:
    rows = [read_schema(name)["properties"]["prices"]["items"] for name in ("prices", "settings")]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_unknown_is_let_through(name: str) -> None:
    def walk(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            yield schema
            for member in schema.values():
                yield from walk(member)
        elif isinstance(schema, list):
            for member in schema:
                yield from walk(member)

    for part in walk(read_schema(name)):
        if "properties" in part and part.get("type") == "object":
            assert "additionalProperties" in part


# What two readers of one schema might take for different things.
odd_numbers = st.sampled_from(
    [0, 1, -1, 6, 6.0, 6.5, 1.0, -0.0, 60, 60.0, 61, 99, 100, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 1e22, 1e300, 0.1]
)
odd_texts = st.sampled_from(
    [
        *("", "a", "aurora", "aurora\n", "aurora\r", "\naurora", "aurora-", "Aurora", "a" * 64, "a" * 65, "x" * 200),
        *("٣", "a٣", "ａ", "é", "e\u0301", "\u0000", "😀" * 100, "😀" * 101, "x" * 201, "2x", "_x", "x y", "nonesuch"),
        *("USD", "USD\n", "usdt", "$", "none", "none\n", "short", "long", "768p", "768P", "hailuo-02", "first", "last"),
        *("https://a.example/a.png", "https://a.example/\n", "https://", "HTTPS://a", "https://雾.example/ä"),
        *(f"https://a{blank}b" for blank in " \u00a0\x1c\x85\ufeff\u180e\u200b\u2028\u3000\x7f"),
        *("0" * 64, "0" * 63 + "g", "٠" * 64, "0" * 64 + "\n"),
    ]
)
scalars = st.none() | st.booleans() | odd_numbers | odd_texts | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
    max_leaves=5,
)


def objects(properties: dict[str, Any], likely: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Mappings with the keys that the schema knows, a wrong value now and then, and an unknown key now and then."""
    known = st.fixed_dictionaries({}, optional={name: likely.get(name, values) | scalars for name in properties})
    extra = st.dictionaries(st.sampled_from(["promt", "x\n", "id\n", ""]), scalars, max_size=1)
    return st.builds(lambda one, other: {**one, **other}, known, extra)


frames = values | st.fixed_dictionaries(
    {}, optional={"url": odd_texts, "sha256": odd_texts, "shot": odd_texts, "frame": odd_texts}
)
SHOT = MANIFEST["definitions"]["shot"]["properties"]
shots = objects(
    SHOT,
    {
        "id": odd_texts,
        "frames": st.fixed_dictionaries({}, optional={"first": frames, "last": frames}),
        "tags": st.lists(odd_texts, max_size=3),
        "matrix": st.dictionaries(odd_texts, st.lists(scalars, max_size=3), max_size=2),
    },
)
manifests = objects(
    MANIFEST["properties"],
    {
        "version": st.sampled_from([1, 1.0, True, "1", 2]),
        "campaign": odd_texts,
        "providers": st.lists(odd_texts, max_size=3),
        "budget": st.fixed_dictionaries({"max": scalars, "currency": odd_texts}),
        "vars": st.dictionaries(odd_texts, scalars, max_size=3),
        "styles": st.dictionaries(
            odd_texts, st.dictionaries(st.sampled_from(["prefix", "suffix"]), scalars), max_size=2
        ),
        "defaults": objects(MANIFEST["definitions"]["defaults"]["properties"], {}),
        "shots": st.lists(shots, max_size=2),
    },
)
SLOW = {name: Draft7Validator(read_schema(name)) for name in NAMES}
SLOW_SHOT = Draft7Validator({"$ref": "#/definitions/shot", "definitions": MANIFEST["definitions"]})


@given(manifests)
@settings(deadline=None, max_examples=300)
@example({"version": 1.0, "campaign": "a", "shots": [{"id": "a", "duration": 6.0, "takes": 3.0}]})
@example({"version": True, "campaign": "a", "shots": [{"id": "a"}]})
@example({"version": 1, "campaign": "a\n", "shots": [{"id": "a"}]})
@example({"version": 1, "campaign": "a", "shots": [{"id": "a"}], "budget": {"max": 1e300, "currency": "USD"}})
@example({"version": 1, "campaign": "a", "shots": [{"id": "a", "tags": ["é", "e\u0301"]}]})
def test_the_quick_reader_and_the_one_with_words_agree_on_manifests(tree: Any) -> None:
    assert matches_schema("manifest", tree) == SLOW["manifest"].is_valid(tree)


@given(shots)
@settings(deadline=None, max_examples=300)
def test_they_agree_on_shots(tree: Any) -> None:
    assert matches_schema("manifest", tree, definition="shot") == SLOW_SHOT.is_valid(tree)


@given(odd_texts | st.text(max_size=8))
@settings(deadline=None, max_examples=400)
def test_they_agree_on_addresses_and_names(words: str) -> None:
    for url in (words, f"https://{words}"):
        tree: dict[str, Any] = {"id": "a", "frames": {"first": {"url": url}}}
        assert matches_schema("manifest", tree, definition="shot") == SLOW_SHOT.is_valid(tree)
    for tree in (
        {"version": 1, "campaign": words, "shots": [{"id": "a"}]},
        {"version": 1, "campaign": "a", "shots": [{"id": "a"}], "vars": {words: 1}, "providers": [words]},
    ):
        assert matches_schema("manifest", tree) == SLOW["manifest"].is_valid(tree)


@given(
    objects(read_schema("settings")["properties"], {"version": odd_numbers, "providers": st.lists(scalars, max_size=3)})
)
@settings(deadline=None, max_examples=100)
def test_they_agree_on_settings(tree: Any) -> None:
    assert matches_schema("settings", tree) == SLOW["settings"].is_valid(tree)


@pytest.mark.parametrize(
    ("tree", "good"),
    [
        ({"duration": 6.0}, True),
        ({"duration": 6.5}, True),
        ({"duration": True}, False),
        ({"takes": 2**63 - 1}, False),
        ({"takes": True}, False),
        ({"takes": 99.0}, True),
        ({"tags": ["😀" * 100]}, True),
        ({"tags": ["😀" * 101]}, False),
        ({"matrix": {"x\n": [1]}}, False),
        ({"matrix": {"٣": [1]}}, False),
        ({"frames": {"first": {"url": "https://a.example/a.png\n"}}}, False),
        ({"frames": {"first": {"url": "https://a.example/a.png", "sha256": "٠" * 64}}}, False),
        ({"frames": {"first": {"url": "https://雾.example/ä.png"}}}, True),
        ({"frames": {"first": {"url": "https://a.example/\u00a0"}}}, False),
        ({"frames": {"first": {"url": "https://a.example/\ufeff"}}}, False),
        ({"frames": {"first": None}}, False),
    ],
)
def test_the_quick_reader_takes_what_the_schema_means(tree: dict[str, Any], good: bool) -> None:
    assert matches_schema("manifest", {"id": "a", **tree}, definition="shot") is good


def test_a_schema_is_plain_data() -> None:
    for name in NAMES:
        assert json.loads(json.dumps(read_schema(name))) == read_schema(name)
