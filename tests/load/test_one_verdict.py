"""One schema, one verdict: the readers of JSON Schema that editors and others use say what ours say.

Two of them are no packages of this project. Install them to run these tests:

    npm install --global ajv-cli
    pipx install check-jsonschema
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_schemas import NAMES, manifests

from hailuo_batch.load.schemas import matches_schema, read_schema, schema_folder

GOOD: dict[str, Any] = {
    "version": 1,
    "campaign": "teaser",
    "vars": {"kind": "soft", "year": 2027, "season": {"env": "SEASON", "default": "spring"}},
    "styles": {"film": {"suffix": ", grain", "variants": {"night": {"prefix": "dark: "}}}},
    "defaults": {"duration": "short", "providers": ["minimax"], "tags": ["a"]},
    "sequences": [{"id": "sq", "style": "film.night", "meta": {"music": None}}],
    "shots": [
        {"id": "a", "cut": {"in": 0.5, "out": 4}, "frames": {"first": "a.png", "last": {"shot": "b", "frame": "last"}}},
        {
            "id": "b-${n}",
            "matrix": {"n": {"x": "a phrase", "y": 1}},
            "exclude": [{"n": "y"}],
            "include": [{"n": {"z": True}}],
            "overrides": [{"where": {"n": "x"}, "cut": 3.5, "x-own": [1]}],
            "frames": {"first": {"file": "a.png", "rights": {"owner": "me", "expires": "2027-12-31"}}},
        },
    ],
}
WRONG = st.sampled_from([None, "", "none", "a\n", 0, -1, 6.5, 61, True, [], {}, [[1]], {"y": 1}, {"x-": 1}, "x" * 300])


@st.composite
def near_misses(draw: st.DrawFn) -> Any:
    """A manifest of the whole language in which one value is another, or one key too many or gone."""
    tree = json.loads(json.dumps(GOOD))
    at = draw(st.sampled_from(list(walk(tree))))
    parent: Any = tree
    for part in at[:-1]:
        parent = parent[part]
    how = draw(st.sampled_from(["change", "remove", "add"]))
    if how == "remove":
        del parent[at[-1]]
    elif how == "add" and isinstance(parent, dict):
        parent[draw(st.sampled_from(["nonesuch", "x-own", "cut", "style", "id", "n\n"]))] = draw(WRONG)
    else:
        parent[at[-1]] = draw(WRONG)
    return tree


def walk(node: Any, at: tuple[Any, ...] = ()) -> Any:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*at, key)
        yield from walk(value, (*at, key))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bool]:
    """Files of good and of wrong manifests, and what we say of each."""
    folder, verdicts = tmp_path_factory.mktemp("corpus"), dict[Path, bool]()

    @given(near_misses() | manifests | st.just(GOOD))
    @settings(max_examples=400, derandomize=True, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    def collect(tree: Any) -> None:
        file = folder / f"{len(verdicts)}.json"
        file.write_text(json.dumps(tree), encoding="utf-8")
        verdicts[file] = matches_schema("manifest", tree)

    collect()
    assert 20 < sum(verdicts.values()) < len(verdicts) - 100
    return verdicts


def run_tool(name: str, *words: str) -> "subprocess.CompletedProcess[str]":
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed, so nobody compares its verdict with ours; see this file's head")
    return subprocess.run([found, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_ajv_takes_each_schema_in_its_strict_mode(name: str) -> None:
    file = schema_folder() / f"{name}.schema.json"
    ran = run_tool("ajv", "compile", "--strict=true", "--spec=draft7", "-s", str(file))
    assert (ran.stderr, ran.returncode) == ("", 0)


def test_ajv_gives_our_verdicts(corpus: dict[Path, bool]) -> None:
    schema, folder = schema_folder() / "manifest.schema.json", next(iter(corpus)).parent
    ran = run_tool("ajv", "validate", "--strict=true", "--spec=draft7", "-s", str(schema), "-d", f"{folder}/*.json")
    said = (ran.stdout + ran.stderr).splitlines()
    for word, good in (("valid", True), ("invalid", False)):
        assert {str(file) for file, ours in corpus.items() if ours is good} == {
            line.removesuffix(f" {word}") for line in said if line.endswith(f".json {word}")
        }


def test_check_jsonschema_gives_our_verdicts(corpus: dict[Path, bool]) -> None:
    schema = schema_folder() / "manifest.schema.json"
    ran = run_tool("check-jsonschema", "--output-format", "json", "--schemafile", str(schema), *map(str, corpus))
    said = json.loads(ran.stdout)
    assert said["parse_errors"] == []
    assert {error["filename"] for error in said["errors"]} == {str(file) for file, good in corpus.items() if not good}


def types(node: Any, at: str = "#") -> Any:
    """What strict mode refuses, as far as it shows without ajv: choices of types, and keys needed and not known."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), list) and not ("null" in node["type"] and len(node["type"]) == 2):
            yield f"{at}: {node['type']}"
        if isinstance(node.get("required"), list):
            yield from (f"{at}: {key}" for key in node["required"] if key not in node.get("properties", {}))
        for key, value in node.items():
            if key not in {"default", "examples", "const", "enum"}:
                yield from types(value, f"{at}/{key}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from types(value, f"{at}/{place}")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_none_of_what_strict_readers_refuse(name: str) -> None:
    assert list(types(read_schema(name))) == []
