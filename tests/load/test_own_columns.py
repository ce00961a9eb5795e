"""Columns of the user's own are kept as they are written, at any level."""

from typing import Any

import pytest

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.own_columns import find_secret_columns

HEAD = "version: 1\ncampaign: film\n"


def read(text: str) -> Manifest:
    manifest, problems = read_manifest((HEAD + text).encode(), name="film.yaml")
    assert problems == ()
    assert manifest is not None
    return manifest


def column(written: str) -> object:
    """What a column's value is once it is read."""
    ((_, value),) = read(f"shots: [{{id: a, prompt: p, meta: {{c: {written}}}}}]").shots[0].meta
    return value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("010", "010"),
        ("-007", "-007"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1e999", "1e999"),
        ("3.5", 3.5),
        ("7", 7),
        ("2026-02-30", "2026-02-30"),
        ("9:16", "9:16"),
        ("true", True),
        ("", None),
        ("[1.50, {cue: 010}]", ["1.50", {"cue": "010"}]),
        ('"$$48 ${nobody}"', "$$48 ${nobody}"),
    ],
)
def test_a_value_is_kept_as_it_is_written(written: str, value: object) -> None:
    assert column(written) == value


def test_every_level_has_columns() -> None:
    manifest = read(
        "x-film: {format: '9:16'}\nmeta: {editor: anna, reel: 01}\n"
        "sequences: [{id: sq010, x-act: 1.00, meta: {mood: dark}}]\n"
        "shots:\n- {id: 'a-${c}', prompt: p, sequence: sq010, x-narration: It floats., meta: {cut: hard},\n"
        "   matrix: {c: [red]}, overrides: [{where: {c: red}, meta: {cut: soft}, x-n: 010}]}\n"
    )
    assert dict(manifest.meta) == {"editor": "anna", "reel": "01", "x-film": {"format": "9:16"}}
    assert dict(manifest.sequences[0].meta) == {"mood": "dark", "x-act": "1.00"}
    assert dict(manifest.shots[0].meta) == {"cut": "hard", "x-narration": "It floats."}
    assert dict(manifest.shots[0].overrides[0].meta) == {"cut": "soft", "x-n": "010"}


def test_a_number_that_other_keys_share_with_a_column_stays_a_number() -> None:
    manifest = read(
        "x-common: &common {duration: 6.00, takes: 2.00}\ndefaults: *common\n"
        "shots:\n- {id: a, prompt: p}\n- {id: b, prompt: p, <<: *common}\n"
    )
    assert dict(manifest.meta) == {"x-common": {"duration": "6.00", "takes": "2.00"}}
    for settings in (manifest.defaults, manifest.shots[1].settings):
        assert (settings.duration, settings.takes) == (6, 2)


@pytest.mark.parametrize(
    ("shot", "rule"),
    [
        ("{id: a, prompt: p, meta: {cue: 1, cue: 2}}", rules.YAML_DUPLICATE_KEY),
        ("{id: a, prompt: p, x-cue: 1, x-cue: 2}", rules.YAML_DUPLICATE_KEY),
        ("{id: a, prompt: p, meta: {cue: *nobody}}", rules.YAML_ALIAS),
        ("{id: a, prompt: p, meta: {cue: !loud yes}}", rules.YAML_TAG),
        ("{id: a, prompt: p, meta: {7: seven}}", rules.YAML_KEY),
        ("{id: a, prompt: p, meta: [cue]}", rules.TYPE),
        ("{id: a, prompt: p, duration: 010}", rules.YAML_NUMBER),
        ("{id: a, prompt: p, meta: {mail: sk-0123456789abcdefghijk}}", rules.SECRET),
    ],
)
def test_what_is_refused_elsewhere_is_refused_in_a_column(shot: str, rule: Any) -> None:
    _, problems = read_manifest(f"{HEAD}shots: [{shot}]\n".encode(), name="film.yaml")
    assert {problem.rule for problem in problems} == {rule}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("meta: {api_key: abcdef123456}\nshots: [{id: a, prompt: p}]", ("meta", "api_key")),
        ("x-hosts: [{token: abcdef123456}]\nshots: [{id: a, prompt: p}]", ("x-hosts", 0, "token")),
        ("shots: [{id: a, prompt: p, x-password: abcdef123456}]", ("shots", 0, "x-password")),
        ("shots: [{id: a, prompt: p, meta: {secret: He never says why.}}]", None),
        ("shots: [{id: a, prompt: p, meta: {token: 3}}]", None),
    ],
)
def test_a_column_that_is_named_like_a_secret_is_refused_where_it_may_be_one(text: str, path: object) -> None:
    found = list(find_secret_columns(read(text)))
    assert [problem.path for problem in found] == ([path] if path else [])
    assert not any("abcdef123456" in f"{problem.why}{problem.remedy}" for problem in found)
