"""What `validate` says about wrong manifests, whole: `tests/goldens/load/<case>.yaml` beside `<case>.txt`.

With UPDATE_GOLDENS=1 in the environment the texts are written anew; read them aloud before committing them.
"""

import asyncio
import os
from pathlib import Path

import pytest

from hailuo_batch.app.planning.validate import validate
from hailuo_batch.load.settings import read_project
from hailuo_batch.views.problems import draw_problems

GOLDENS = Path(__file__).parent.parent / "goldens" / "load"
CASES = sorted(file.stem for file in GOLDENS.glob("*.yaml"))
SECRETS = ("hunter2", "correct-horse", "battery", "mv_live_0", "0123456789abcdef")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two good pictures, some that are bad or unfit, and two ways out of it."""
    from PIL import Image

    outside = tmp_path_factory.mktemp("outside")
    root = outside / "project"
    assets = root / "assets"
    assets.mkdir(parents=True)
    (root / ".git").mkdir()
    for path in (assets / "open.png", assets / "close.png", outside / "outside.png"):
        Image.new("RGB", (640, 360), "white").save(path)
    for name, size, form in (
        ("small.png", (320, 180), "PNG"),
        ("banner.png", (1600, 400), "PNG"),
        ("portrait.png", (720, 1280), "PNG"),
        ("lying.png", (640, 360), "JPEG"),
    ):
        Image.new("RGB", size, "white").save(assets / name, form)
    (assets / "words.png").write_text("these are words")
    (assets / "empty.png").touch()
    (assets / "cut.png").write_bytes((assets / "open.png").read_bytes()[:40])
    (assets / "link.png").symlink_to(outside / "outside.png")
    (assets / "ring.png").symlink_to(assets / "ring.png")
    return root


def said(project: Path, case: str) -> str:
    """What `hailuo-batch validate` prints for a case."""
    file = project / f"{case}.yaml"
    file.write_bytes((GOLDENS / f"{case}.yaml").read_bytes())
    problems = asyncio.run(validate(file)).problems
    return (draw_problems(problems) + "\n").replace(str(project.parent), "/home/ana") if problems else ""


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_manifest_is_told_in_these_words(case: str, project: Path) -> None:
    text = said(project, case)
    golden = GOLDENS / f"{case}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert text, "a golden case is a wrong manifest"


@pytest.mark.parametrize("case", CASES)
def test_a_message_has_no_jargon_no_reprs_no_secrets_and_says_nothing_twice(case: str, project: Path) -> None:
    text = said(project, case)
    for word in ("anyOf", "additionalProperties", "None", "True", "False", "\\n", "dict", "NoneType", "Traceback"):
        assert word not in text
    for secret in SECRETS:
        assert secret not in text
    blocks = text.split("\n\n")
    assert len(blocks) == len(set(blocks))
    for line in text.splitlines():
        assert "['" not in line
        assert len(line) < 400, "a line that nobody reads"


def test_a_number_that_must_be_more_than_nothing_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "hailuo.yaml").write_text("version: 1\nlimits: {minimax: {per_minute: 0}}\n")
    (problem,) = read_project(tmp_path).problems
    assert problem.why == "per_minute is 0; it may be more than 0."
