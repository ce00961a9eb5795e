"""A campaign in the middle of its work, as `plan` and `explain` show it at 80 and 200 columns, whole.

It has a changed prompt and a changed still with followers, a removed and a renamed shot, a matrix, a take in doubt, a
refused one, and a cap.
"""

import os
import re
from pathlib import Path

import pytest
from bought_samples import buy, intent_for
from jsonschema import Draft7Validator
from PIL import Image

from hailuo_batch.app.inspect import explain
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.ports import Facts
from hailuo_batch.views.explain import draw_explanation
from hailuo_batch.views.fit import fit_lines
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import TextStyle

HEAD = """\
version: 1
campaign: aurora
providers: [minimax]
sequences:
  - {id: sq010, title: Morning}
  - {id: sq020, title: Market}
vars: {bottle: a frosted glass bottle with a copper cap}
shots:
"""
STREET = "  - {id: street, sequence: sq010, prompt: '${bottle} on a wet street in the morning mist'}\n"
CORNER = "  - {id: corner, sequence: sq010, prompt: it turns, frames: {first: {shot: street, frame: last}}}\n"
END = "  - {id: end, sequence: sq010, prompt: it stops, frames: {first: {shot: corner, frame: last}}}\n"
STALL = "  - {id: stall, sequence: sq020, prompt: a market stall, frames: {first: stall.png}}\n"
CROWD = "  - {id: crowd, sequence: sq020, prompt: a crowd, frames: {first: {shot: stall, frame: last}}}\n"
OTHERS = "  - {id: spare, prompt: a spare shot}\n  - {id: gone, prompt: a shot that goes}\n"
NEW = """\
  - {id: lost, prompt: a shot whose submit got no reply}
  - {id: banned, prompt: a shot that the gateway refused}
  - {id: "pack-${colour}", matrix: {colour: [red, blue, green]}, prompt: "${bottle} in ${colour}", takes: 2}
"""
LOST = Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="the connection closed before the reply")
REFUSED = Failure(kind=FailureKind.REFUSED, why="the gateway does not accept this prompt")


GOLDENS = Path(__file__).parents[2] / "goldens" / "plan"


def compare(text: str, name: str) -> None:
    """Compares with a golden file; UPDATE_GOLDENS=1 in the environment writes it anew, to be read aloud."""
    file, text = GOLDENS / name, _mask_digests(text)
    if os.environ.get("UPDATE_GOLDENS"):
        GOLDENS.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    assert f"{text}\n" == file.read_text(encoding="utf-8"), f"not as in {file.name}"


def _mask_digests(text: str) -> str:
    """Digests by letters: those of images depend on the library that wrote them."""
    seen: dict[str, str] = {}

    def letter(found: re.Match[str]) -> str:
        return seen.setdefault(found[0][:8], chr(ord("a") + len(seen))) * len(found[0])

    return re.sub(r"\b[0-9a-f]{8,}\b", letter, text)


@pytest.fixture
async def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = Path("aurora.yaml")
    Image.new("RGB", (768, 432), "red").save("stall.png")
    for shots in (STREET + STALL + OTHERS, STREET + CORNER + STALL + CROWD + OTHERS):
        file.write_text(HEAD + shots)
        await buy(file)
    file.write_text(HEAD + STREET + CORNER + END + STALL + CROWD + OTHERS)
    await buy(file)
    renamed = OTHERS.splitlines()[0].replace("spare,", "fresh,") + "\n"
    changed = STREET.replace("mist'", "fog', duration: 10")
    Image.new("RGB", (768, 432), "blue").save("stall.png")
    file.write_text(HEAD + changed + CORNER + END + STALL + CROWD + renamed + NEW)
    await _leave(file, {"lost": (Move.LOSE_SIGHT, LOST), "banned": (Move.REFUSE, REFUSED)})
    return file


async def _leave(file: Path, attempts: dict[str, tuple[Move, Failure]]) -> None:
    """Attempts of a run that got no clip."""
    planned = await plan(file)
    workspace = planned.validation.workspace
    with workspace.hold_run_lock("test") as lock:
        async with workspace.open_ledger(SystemClock(), lock) as ledger:
            run = await ledger.begin_run(manifest=file.name, campaign="aurora", sketch=False)
            for step in planned.pending_steps:
                if found := attempts.get(step.uses[0].shot.id):
                    number = await ledger.record_intent(intent_for(step, "aurora", run))
                    await ledger.move(number, found[0], Facts(failure=found[1]))
            await ledger.end_run(run, stored=0, failed=2, exit=8)


@pytest.mark.parametrize("width", [80, 200])
async def test_a_campaign_in_the_middle_of_its_work(film: Path, width: int) -> None:
    style = TextStyle(width=width)
    for cap, name in ((None, "plan"), ("2.10", "plan_under_a_cap")):
        drawn = fit_lines(draw_plan((await plan(film, max_cost=cap)).report, style, is_last=True), width)
        compare(drawn, f"{name}_{width}.txt")
        assert max(map(len, drawn.splitlines())) <= width
    for shot in ("street", "corner", "stall", "lost", "pack-red#2"):
        drawn = fit_lines(draw_explanation(await explain(film, shot), style), width)
        compare(drawn, f"explain_{shot.replace('#', '_')}_{width}.txt")


async def test_json_has_the_same_facts(film: Path) -> None:
    members = report_dict((await plan(film, max_cost="2.10", full_report=True)).report)
    Draft7Validator(read_schema("report")).validate(members)
    takes = {(each["shot"], each["take"]): each for each in members["takes"]}  # type: ignore[attr-defined]
    street, corner = takes["street", 1], takes["corner", 1]
    assert street["changes"] == [
        {
            "name": "prompt",
            "before": "a frosted glass bottle with a copper cap on a wet street in the morning mist",
            "now": "a frosted glass bottle with a copper cap on a wet street in the morning fog",
            "label_before": None,
            "label": None,
        },
        {"name": "duration", "before": 6, "now": 10, "label_before": None, "label": None},
    ]
    assert (street["followers"], corner["chain"], corner["reason"]) == (["corner"], ["street"], "chain: street changed")
    left = [f"{shot}#{take}" for (shot, take), each in takes.items() if each["left_out"]]
    assert left == ["corner#1", "end#1", "crowd#1", "pack-green#1", "pack-green#2"]
