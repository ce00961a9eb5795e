"""The one table of switches, and that nobody else spells their names."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hailuo_batch
from hailuo_batch.core.switches import DEFAULT_SWITCHES, SWITCH_NAMES, SWITCHES, override_switches, pick_switches
from hailuo_batch.load.schemas import read_schema

PACKAGE = Path(hailuo_batch.__file__).parent
values = st.dictionaries(st.sampled_from(SWITCH_NAMES), st.booleans()).map(pick_switches)


@given(values)
def test_what_a_shot_says_goes_before_the_defaults_and_the_order_is_the_tables(own) -> None:
    found = override_switches(DEFAULT_SWITCHES, own)
    assert dict(found) == {**dict(DEFAULT_SWITCHES), **dict(own)}
    assert [name for name, _ in found] == list(SWITCH_NAMES)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_the_manifests_schema_has_each_switch_with_its_default_and_meaning(switch) -> None:
    schema = read_schema("manifest")
    found = schema["definitions"][switch.name]
    assert (found["type"], found["default"], found["description"]) == ("boolean", switch.default, switch.meaning)
    for part in (schema["definitions"]["defaults"], schema["definitions"]["shot"]):
        assert part["properties"][switch.name] == {"$ref": f"#/definitions/{switch.name}"}


def test_the_schema_of_gateways_names_the_switches_of_the_table() -> None:
    submit = read_schema("provider")["definitions"]["wire"]["properties"]["submit"]["properties"]
    assert set(SWITCH_NAMES) <= set(submit["fields"]["properties"])
    assert submit["only_true"]["items"]["enum"] == list(SWITCH_NAMES)


def test_no_other_code_spells_a_switch() -> None:
    spelt = re.compile(rf"[\"'.](?:{'|'.join(SWITCH_NAMES)})\b|\b(?:{'|'.join(SWITCH_NAMES)})\s*[=:]")
    files = (path for path in PACKAGE.rglob("*.py") if path.name != "switches.py" and "mock" not in path.parts)
    assert [path.name for path in files if spelt.search(path.read_text())] == []


def test_a_shot_that_says_nothing_has_every_switch_at_its_default() -> None:
    assert dict(DEFAULT_SWITCHES) == {switch.name: switch.default for switch in SWITCHES}
