"""What `providers` prints of each gateway, whole; and of those a project brings."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.load.provider_tables import provider_names

Say = Callable[..., Any]
ALL = provider_names()
STUDIO = """\
version: 1
gateways:
  studio: {title: Studio, key: STUDIO_API_KEY, base_url: https://video.studio.example, like: mindvideo}
regions: {minimax: china}
"""


@pytest.mark.parametrize("name", ALL)
def test_a_gateway_is_told_whole(name: str, say: Say, golden: Callable[[str, str], None]) -> None:
    said = say("providers", name)
    assert (said.code, said.err) == (0, "")
    golden(said.out, f"providers_{name}.txt")


@pytest.mark.parametrize("name", ALL)
def test_the_json_has_what_the_text_has(name: str, say: Say) -> None:
    (row,) = json.loads(say("providers", name, "--format", "json").out)["providers"]
    text = say("providers", name).out
    for key in ("name", "title", "key", "base_url", "read", "source"):
        assert row[key] in text
    for said in (*row["notes"], *(each["what"] for each in row["inferred"]), *row["switches"], *row["regions"]):
        assert said in text
    for price in row["prices"]:
        assert f"{price['amount']} {price['currency']} (read {price['read']})" in text
    assert set(row["limits"]) == {
        "per_minute",
        "at_once",
        "poll_seconds",
        "answer_seconds",
        "task_seconds",
        "link_seconds",
    }
    assert row["key_set"] is False


def test_all_together_are_each_of_them(say: Say) -> None:
    blocks, compared = say("providers").out.split("\nCompared")
    assert blocks == "\n".join(say("providers", name).out for name in ALL)
    assert [line.split()[0] for line in compared.splitlines()[2:]] == list(ALL)


def test_a_key_is_set_or_not_and_never_shown(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTRIX_API_KEY", "hunter2hunter2")
    for form in ("text", "json"):
        said = say("providers", "vtrix", "--format", form)
        assert "hunter2" not in said.out + said.err
    assert "key VTRIX_API_KEY set" in say("providers", "vtrix").out


def test_a_projects_own_gateway_and_region_are_listed(say: Say, surroundings: Path) -> None:
    (surroundings / "hailuo.yaml").write_text(STUDIO)
    assert "base address          https://video.studio.example" in say("providers", "studio").out
    assert "key STUDIO_API_KEY not read, not trusted\n" in say("providers", "studio").out
    minimax = say("providers", "minimax").out
    assert "0.60 CNY" in minimax
    assert "https://api.minimaxi.com" in minimax
    names = [row["name"] for row in json.loads(say("providers", "--format", "json").out)["providers"]]
    assert names == sorted({*ALL, "studio"})


def test_a_limit_of_the_project_stands_before_what_the_page_says(say: Say, surroundings: Path) -> None:
    limits = "{minimax: {per_minute: 6000, polls_per_second: 2.5}, vtrix: {at_once: 3}}"
    (surroundings / "hailuo.yaml").write_text(f"version: 1\nlimits: {limits}\n")
    minimax, vtrix = say("providers", "minimax").out, say("providers", "vtrix").out
    assert "  requests a minute     6000 (hailuo.yaml; its page says 5)\n" in minimax
    assert "  polls a second        2.5 (hailuo.yaml)\n" in minimax
    assert "  tasks at once         3 (hailuo.yaml; its page says nothing)\n" in vtrix
    (row,) = json.loads(say("providers", "minimax", "--format", "json").out)["providers"]
    assert (row["limits"]["per_minute"], row["limits_set"]) == (5, {"per_minute": 6000, "polls_per_second": 2.5})


def test_settings_that_cannot_be_used_are_told(say: Say, surroundings: Path) -> None:
    (surroundings / "hailuo.yaml").write_text("version: 1\nregions: {minimax: chna}\n")
    said = say("providers", "minimax")
    assert (said.code, said.out) == (3, "")
    assert 'Did you mean "china"?' in said.err
