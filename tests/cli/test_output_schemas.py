"""What commands print with --format json is by the schema of that output, for real results of many kinds."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from enum import StrEnum
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from hailuo_batch.app.verify_faults import VerifyFault
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditRemark
from hailuo_batch.load.schemas import read_schema, schema_folder, schema_names

Say = Callable[..., Any]
ROOT = Path(__file__).parent.parent.parent
OTHER = "manifests/other.yaml"
BROKEN = 'version: 1\ncampaign: c\nproviders: [nobody]\nshots:\n  - {id: a, prompt: "${x}", duration: 7}\n'


def require_valid(name: str, text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    Draft7Validator(read_schema(name)).validate(data)
    return data


@pytest.fixture
def two(priced: Path) -> Path:
    """A second manifest with a request of its own, beside a file that is no manifest."""
    priced.write_text(priced.read_text().replace("shots:", "providers: [minimax]\nshots:"), encoding="utf-8")
    text = priced.read_text().replace("teaser", "other").replace("in mist", "in fog")
    (priced.parent / "other.yaml").write_text(text, encoding="utf-8")
    (priced.parent / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    return priced


def test_a_validation(two: Path, say: Say) -> None:
    found = require_valid("validation", say("validate", "--format", "json").out)
    assert [each["valid"] for each in found["manifests"]] == [False, True, True]
    assert all(each["file"] for each in found["manifests"][0]["problems"])
    require_valid("validation", say("validate", str(two), "manifests/none.lock.yaml", "--format", "json").out)


def test_plans_and_runs_of_several_manifests(two: Path, say: Say) -> None:
    names = ("manifests/film.yaml", OTHER)
    assert "exit" not in require_valid("reports", say("plan", *names, "--format", "json").out)
    ran = say("run", *names, "--rehearsal", "--yes", "--format", "json")
    found = require_valid("reports", ran.out)
    assert (found["exit"], ran.code, found["manifests"][1]["run"]["stored"]) == (0, 0, 2)
    again = require_valid("reports", say("run", *names, "--rehearsal", "--yes", "--format", "json").out)
    assert again["total"]["summary"]["actions"]["reuse"] == 4
    costs = require_valid("costs", say("costs", "--rehearsal", "--format", "json").out)
    assert costs["totals"][0]["currency"] == "USD"
    explained = require_valid("explanation", say("explain", "turn", names[0], "--rehearsal", "--format", "json").out)
    assert [each["place"] for each in explained["chain"]] == ["before", "self"]
    verified = require_valid("verification", say("verify", names[0], "--rehearsal", "--format", "json").out)
    assert (verified["clips"], verified["findings"]) == (2, [])
    audited = require_valid("audit", say("audit", "--rehearsal", "--format", "json").out)
    assert (audited["proved"], audited["purchases"]) == (True, 4)
    assert require_valid("garbage", say("gc", "--rehearsal", "--format", "json").out)["clips"] == []
    (two.parent / "other.yaml").unlink()
    (two.parent / "other.lock.yaml").unlink(missing_ok=True)
    for link in two.parent.parent.glob(".hailuo/rehearsal/renders/other*"):
        link.unlink()
    found = require_valid("garbage", say("gc", "--rehearsal", "--older-than", "0", "--format", "json").out)
    assert {each["shot"] for clip in found["clips"] for each in clip["takes"]} == {"open", "turn"}
    for clip in two.parent.parent.glob(".hailuo/rehearsal/.hailuo/store/??/*.mp4"):
        clip.unlink()
    verified = require_valid("verification", say("verify", names[0], "--rehearsal", "--format", "json").out)
    assert {each["fault"] for each in verified["findings"]} >= {"missing"}


def test_an_explanation_of_what_is_not_rendered_and_empty_costs(two: Path, say: Say) -> None:
    explained = require_valid("explanation", say("explain", "turn", str(two), "--format", "json").out)
    assert explained["fingerprint"] is None
    assert require_valid("costs", say("costs", "--format", "json").out)["rows"] == []
    require_valid("checks", say("doctor", "--offline", "--format", "json").out)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_comparison(two: Path, say: Say) -> None:
    (two.parent / "broken.yaml").unlink()
    (two.parent / "a.png").write_bytes(b"x")
    root = two.parent.parent
    shutil.rmtree(root / ".git")
    two.write_text(two.read_text() + "  - {id: last, prompt: p, frames: {first: a.png}}\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *command], cwd=root, check=True, capture_output=True)
    two.write_text(two.read_text().replace("mist", "rain").replace("id: last", "id: end, notes: n"))
    (two.parent / "other.yaml").rename(two.parent / "renamed.yaml")
    words = ("diff", "--format", "json", "--image-base", "https://a.test/raw")
    found = require_valid("diff", say(*words).out)
    assert {shot["change"] for each in found["manifests"] for shot in each["shots"]} > {"changed", "follows", "renamed"}
    assert require_valid("diff", say(*words, "HEAD..HEAD").out)["manifests"] == []


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("costs", "costs"),
        ("diff", "diff"),
        ("explanation", "explanation_changed"),
        ("audit", "audit_found"),
        ("audit", "audit_remarks"),
    ],
)
def test_the_goldens_of_the_views_are_by_their_schema(name: str, golden: str) -> None:
    require_valid(name, (ROOT / "tests" / "goldens" / "views" / f"{golden}.json").read_text(encoding="utf-8"))


def test_a_schema_has_every_kind_of_finding() -> None:
    def find_kinds(name: str, *path: str) -> list[str]:
        schema: Any = read_schema(name)["properties"]
        for key in path:
            schema = schema[key]
        return list(schema["enum"])

    def names(kinds: type[StrEnum]) -> list[str]:
        return [each.name.lower() for each in kinds]

    assert find_kinds("audit", "findings", "items", "properties", "fault") == names(AuditFault)
    assert find_kinds("audit", "remarks", "items", "properties", "remark") == names(AuditRemark)
    assert find_kinds("verification", "findings", "items", "properties", "fault") == names(VerifyFault)


def test_the_schema_of_several_reports_is_as_the_tool_writes_it() -> None:
    spec = spec_from_file_location("write_reports_schema", ROOT / "tools" / "write_reports_schema.py")
    assert spec
    assert spec.loader
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    written = (schema_folder() / "reports.schema.json").read_text(encoding="utf-8")
    assert written == tool.schema_text(), "python tools/write_reports_schema.py"


def test_help_and_the_page_of_commands_name_each_schema(say: Say) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `schema [NAME]`")]
    for text in (row, say("schema", "--help").out):
        assert set(schema_names()) <= set(re.findall(r"[a-z]+", text))
