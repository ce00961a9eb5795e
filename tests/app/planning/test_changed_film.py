"""A film that was bought and then changed: followers, removed and renamed shots, as plan, explain and run see them."""

import re
import shutil
from decimal import Decimal
from pathlib import Path

from bought_samples import buy
from PIL import Image

from hailuo_batch.app.inspect import explain
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.plan.dropped_shots import DroppedShot
from hailuo_batch.core.world import World
from hailuo_batch.views.explain import draw_explanation, explanation_dict
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import TextStyle

HEAD = "version: 1\ncampaign: film\nproviders: [minimax]\nshots:\n"
STREET = "  - {id: street, prompt: a street}\n"
OTHERS = "  - {id: spare, prompt: a spare}\n  - {id: gone, prompt: it goes}\n"
FOLLOWER = "  - {id: corner, prompt: a corner, frames: {first: {shot: street, frame: last}}}\n"


async def bought(tmp_path: Path) -> Path:
    file = tmp_path / "film.yaml"
    for shots in (STREET + OTHERS, STREET + OTHERS + FOLLOWER):  # a follower is bought when its source is there
        file.write_text(HEAD + shots)
        await buy(file)
    return file


async def test_followers_of_a_changed_shot_have_their_price_and_their_fields(tmp_path: Path) -> None:
    file = await bought(tmp_path)
    file.write_text((HEAD + STREET + OTHERS + FOLLOWER).replace("a street", "a wet street"))
    report = (await plan(file)).report
    lines = [row for row in report.rows if row.is_bought]
    assert [(row.shot, row.why) for row in lines] == [
        ("street", "the request changed"),
        ("corner", "chain: street changed"),
    ]
    [total] = report.to_spend
    assert sum((row.estimate.amount for row in lines if row.estimate), Decimal(0)) == total.amount
    drawn = draw_explanation(await explain(file, "corner"), TextStyle(width=200))
    assert "  ~ first frame        last frame of street v001 (sha256:" in drawn
    assert "…)  last frame of street, not here yet\n" in drawn
    assert "    prompt             a corner\n" in drawn


async def test_a_chain_is_explained_up_and_down_with_what_happens_to_each_shot(tmp_path: Path) -> None:
    file = await bought(tmp_path)
    end = "  - {id: end, prompt: the end, frames: {first: {shot: corner, frame: last}}}\n"
    file.write_text((HEAD + STREET + OTHERS + FOLLOWER + end).replace("a street", "a wet street"))
    found = await explain(file, "corner")
    assert [(link.shot, str(link.place), str(link.action), link.reason, link.frames) for link in found.chain] == [
        ("street", "before", "submit", "the request changed", ()),
        ("corner", "self", "wait", "chain: street changed", ("last frame of street",)),
        ("end", "after", "wait", "it starts from corner, which must be rendered again", ("last frame of corner",)),
    ]
    assert explanation_dict(found)["repeatable"] is False
    assert (await explain(file, "spare")).chain == ()
    sketch = await explain(file, "corner", world=World.SKETCH)
    assert sketch.is_repeatable
    assert "A sketch is drawn again bit for bit" in draw_explanation(sketch)


async def test_what_a_frame_was_is_named_only_where_that_is_known(tmp_path: Path) -> None:
    """The ledger has the digest of the earlier image: a name only if a file of the manifest still has it."""
    file = tmp_path / "film.yaml"
    shots = "  - {id: still, prompt: a still, frames: {first: open.png}}\n"
    write_picture(tmp_path / "open.png", "red")
    file.write_text(HEAD + shots)
    await buy(file)
    write_picture(tmp_path / "open.png", "blue")
    [line] = [line for line in draw_plan((await plan(file)).report).splitlines() if "still#1" in line]
    assert re.search(r"first frame changed: open\.png \([0-9a-f]{8} → [0-9a-f]{8}\)  minimax", line)
    write_picture(tmp_path / "old.png", "red")
    file.write_text(HEAD + shots + "  - {id: other, prompt: another, frames: {first: old.png}}\n")
    assert "first frame changed: old.png → open.png" in draw_plan((await plan(file)).report)
    assert "old.png (sha256:" in draw_explanation(await explain(file, "still"))


async def test_a_clone_says_that_it_does_not_know_what_the_request_was(tmp_path: Path) -> None:
    file = await bought(tmp_path)
    shutil.rmtree(tmp_path / ".hailuo")
    shutil.rmtree(tmp_path / "renders")
    file.write_text((HEAD + STREET).replace("a street", "a wet street"))
    assert "the request changed; what it was is not known here" in draw_plan((await plan(file)).report)
    assert "What it was is not known here" in draw_explanation(await explain(file, "street"))


def write_picture(file: Path, colour: str) -> None:
    Image.new("RGB", (768, 432), colour).save(file)


async def test_a_removed_and_a_renamed_shot_are_named_until_a_run_wrote_the_lock(tmp_path: Path) -> None:
    file = await bought(tmp_path)
    assert (await plan(file)).report.dropped == ()
    file.write_text(HEAD + STREET + OTHERS.splitlines()[0].replace("spare,", "fresh,") + "\n" + FOLLOWER)
    for _ in range(2):  # the second plan may come from the cache
        report = (await plan(file)).report
        assert report.dropped == (DroppedShot(shot="gone"), DroppedShot(shot="spare", renamed_to="fresh"))
    assert "Renamed, with the clips as they are: spare → fresh." in draw_plan(report)
    assert report.to_spend == ()
