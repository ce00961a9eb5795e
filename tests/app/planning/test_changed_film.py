"""A film that was bought and then changed: followers, removed and renamed shots, as plan, explain and run see them."""

from decimal import Decimal
from pathlib import Path

from bought_samples import buy

from hailuo_batch.app.inspect import explain
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.plan.dropped_shots import DroppedShot
from hailuo_batch.views.explain import draw_explanation
from hailuo_batch.views.plan import draw_plan

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
    drawn = draw_explanation(await explain(file, "corner"))
    assert "  - first              last frame of street v001 (sha256:" in drawn
    assert "  + first              last frame of street, not here yet\n" in drawn
    assert "    prompt             a corner\n" in drawn


async def test_a_removed_and_a_renamed_shot_are_named_until_a_run_wrote_the_lock(tmp_path: Path) -> None:
    file = await bought(tmp_path)
    assert (await plan(file)).report.dropped == ()
    file.write_text(HEAD + STREET + OTHERS.splitlines()[0].replace("spare,", "fresh,") + "\n" + FOLLOWER)
    for _ in range(2):  # the second plan may come from the cache
        report = (await plan(file)).report
        assert report.dropped == (DroppedShot(shot="gone"), DroppedShot(shot="spare", renamed_to="fresh"))
    assert "Renamed, with the clips as they are: spare → fresh." in draw_plan(report)
    assert report.to_spend == ()
