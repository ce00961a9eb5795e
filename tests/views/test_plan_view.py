"""What `plan` and `run -n` print, whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from view_samples import PROMPT, change, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.dropped_shots import DroppedShot
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource, StepReason
from hailuo_batch.core.plan.report import CapLeft, Report
from hailuo_batch.core.trust import KeyRoute
from hailuo_batch.core.trusted import KeyDestination
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.fit import fit_lines
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.nothing_to_do import draw_nothing_to_do
from hailuo_batch.views.plan import MAX_ROWS, draw_plan, plan_totals, spending_question, state_totals
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.run_summary import draw_run_summary
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]

OVER = Failure(
    kind=FailureKind.OVER_CAP,
    why="it would cost 0.28 USD, and --max-cost of 0.56 USD has 0.00 USD left",
    remedy="Raise the cap.",
)
UNPRICED = replace(OVER, why="its price at vtrix is unknown", remedy="Choose another provider.")
LONGER = change("duration", 6, 10)
MARKS = "\nMarks: + render."
EVERY_ACTION = report(
    row("open"),
    row("turn", version=2, why="the request changed", changes=(PROMPT, LONGER), estimate=usd("0.56"), duration=10),
    row("again", why="the last attempt failed: the picture was refused", stage=Stage.FAILED),
    row(
        "long-name-of-a-shot",
        take=12,
        action=Action.RESUME,
        why="submitted, still rendering",
        duration="short",
        task="176843862716480",
    ),
    row("gone", action=Action.FETCH, why="its clip is gone from the store", stage=Stage.STORED, task="t-7"),
    row("end", action=Action.WAIT, why="it starts from turn, not rendered yet", fingerprint="", resolution="1080p"),
    row("doubt", action=Action.HOLD, why="outcome unknown: it may have been accepted", stage=Stage.IN_DOUBT),
    row("twin", shared_with=("pack-red", "pack-blue")),
    stored("there"),
    to_spend=(usd("1.40"),),
)


def test_every_action_has_its_mark_its_reason_and_its_price(golden: Golden) -> None:
    golden(draw_plan(EVERY_ACTION), "plan_every_action.txt")


def test_clips_that_are_on_this_machine_are_no_downloads() -> None:
    """Each place has its own words, and none of them offers a gateway's download."""
    words = "another store of this machine has its clip, which is copied from there"
    copied = row("copied", action=Action.FETCH, why=words, task="t-7", source=ClipSource.OTHER_STORE)
    loaded = row("gone", action=Action.FETCH, why="its clip is gone from the store", task="t-8")
    found = report(copied, copied, loaded, kept={ClipSource.OTHER_STORE: 2})
    totals = "1 to download, 2 to copy from another project or worktree."
    assert plan_totals(found, TextStyle()) == f"Plan: {totals} Cost: none."
    assert state_totals(found, TextStyle()) == f"0 of 3 takes in the store; {totals}"
    assert "t-8 at minimax" in draw_plan(found)
    assert "t-7" not in draw_plan(found)
    both = {ClipSource.RENDERS: 1, ClipSource.STORE: 1}
    assert plan_totals(report(copied, copied, kept=both), TextStyle()) == (
        "Plan: 1 to restore from renders/, 1 to take from the store, as the lock says. Cost: none."
    )


def test_a_terminal_sees_the_same_words_in_colour(golden: Golden) -> None:
    drawn = draw_plan(EVERY_ACTION, TextStyle(colour=True))
    golden(drawn.replace("\x1b", "ESC"), "plan_every_action_colour.txt")


def many(number: int = MAX_ROWS + 1240) -> Report:
    """A long plan of every kind of line: two sequences, shared clips, a cap, unknown prices, a chain."""
    kinds: tuple[dict[str, Any], ...] = (
        {"why": "the request changed", "changes": (PROMPT,)},
        {"why": "chain: shot-0000 changed", "chain": ("shot-0000",), "action": Action.WAIT},
        {"is_left_out": True, "is_bought": False},
        {"provider": "vtrix", "estimate": None},
        {"same_clip_as": "shot-0003#1"},
        {"action": Action.HOLD, "why": "outcome unknown: it may have been accepted", "stage": Stage.IN_DOUBT},
    )
    rows = [
        row(f"shot-{n:04d}", sequence="sq010" if n < 700 else "sq020", **kinds[n % len(kinds)]) for n in range(number)
    ]
    paid = sum(each.is_bought and not each.same_clip_as and each.estimate is not None for each in rows)
    return report(
        *rows,
        to_spend=(Money(amount=usd("0.28").amount * paid, currency="USD"),),
        unpriced=sum(each.estimate is None for each in rows),
        sequence_titles={"sq010": "Morning", "sq020": ""},
    )


def test_a_long_plan_is_folded_by_sequence_and_reason_and_says_how_to_see_it_all(golden: Golden) -> None:
    golden(fit_lines(draw_plan(many(), TextStyle(width=80), is_last=True), 80), "plan_long.txt")
    drawn = draw_plan(many(), full=True)
    assert "shot-0061#1" in drawn
    assert "--full" not in drawn


def test_a_plan_of_just_what_fits_is_not_folded() -> None:
    assert "--full" not in draw_plan(many(MAX_ROWS))
    assert "--full" in draw_plan(many(MAX_ROWS + 1))


def test_groups_are_by_tags_where_there_are_no_sequences_and_by_reason_where_there_are_too_many() -> None:
    few = [row(f"s{n}", tags=("hero", "client:acme") if n % 2 else ()) for n in range(100)]
    drawn = draw_plan(report(*few)).splitlines()
    assert "  tags hero, client:acme" in drawn
    assert "  no sequence, no tags" in drawn
    own = [row(f"s{n}", tags=(f"client:{n}",)) for n in range(100)]
    assert "100 takes  s0#1, …  never rendered  minimax 28.00 USD" in draw_plan(report(*own))


def test_a_price_that_is_not_known_is_never_zero(golden: Golden) -> None:
    unknown = row("open", provider="vtrix", estimate=None)
    golden(draw_plan(report(unknown, unpriced=1)), "plan_price_unknown.txt")
    golden(draw_plan(report(unknown, row("turn"), unpriced=1, to_spend=(usd("0.28"),))), "plan_price_partly_known.txt")


def test_currencies_are_never_added_together(golden: Golden) -> None:
    units = replace(usd("12"), currency="credits")
    golden(draw_plan(report(row("open"), to_spend=(usd("0.28"), units))), "plan_two_currencies.txt")


def test_a_sketch_is_free_and_says_so(golden: Golden) -> None:
    rows = [row("open", provider="animatic", estimate=None), row("end", action=Action.WAIT, provider="animatic")]
    golden(draw_plan(report(*rows, sketch=True, model="animatic")), "plan_sketch.txt")


def test_nothing_to_do_is_one_line_of_footage(golden: Golden) -> None:
    rows = (stored("open"), stored("turn"))
    golden(draw_plan(report(*rows, clips=2, seconds=12.0, bytes=2_469_134)), "plan_nothing.txt")
    golden(draw_plan(report(*rows, clips=1, seconds=6.0, bytes=1_234_567)), "plan_nothing_shared.txt")


def test_the_remembered_sentence_is_the_planned_one() -> None:
    """The short way of `run` must say what the long way says, plus the warnings that it cannot show."""
    found = report(stored("open"), stored("turn"), clips=1, seconds=75.0, bytes=1_234_567)
    summary: dict[str, int | float | str] = {"takes": 2, "clips": 1, "seconds": 75.0, "bytes": 1_234_567}
    assert draw_nothing_to_do(summary) == draw_plan(found).splitlines()[-1]
    warned = draw_nothing_to_do({**summary, "warnings": 1}, manifest="film.yaml", world=World.SKETCH)
    assert warned.endswith("\nTo show 1 warning:\n    hailuo-batch validate --sketch film.yaml")


def test_shots_that_were_not_looked_at_are_counted(golden: Golden) -> None:
    golden(draw_plan(report(row("open"), shots_outside=2, to_spend=(usd("0.28"),))), "plan_only.txt")
    golden(draw_plan(report(stored("open"), shots_outside=1, clips=1, seconds=6.0, bytes=1)), "plan_only_nothing.txt")


def test_a_manifest_without_shots_has_nothing_to_do() -> None:
    assert draw_plan(report()).endswith("Nothing to do: 0 takes in the store, 0.0 s of video, 0 kB.")


@pytest.mark.parametrize(
    ("members", "cost"),
    [
        ({"most_to_spend": (usd("0.28"),)}, "0.28 USD."),
        ({"most_to_spend": (usd("0.41"),)}, "0.28 USD, up to 0.41 USD."),
        (
            {"most_to_spend": (usd("0.28"),), "unpriced_fallbacks": 1},
            "0.28 USD, unknown for 1 clip at another provider of the list.",
        ),
    ],
)
def test_a_plan_says_what_the_other_providers_of_the_list_may_cost(members: dict[str, Any], cost: str) -> None:
    assert draw_plan(report(row("open"), to_spend=(usd("0.28"),), **members)).endswith(f"Cost: {cost}{MARKS}")


def test_a_plan_and_its_question_say_where_keys_go() -> None:
    own = KeyRoute(gateway="minimax", variable="MINIMAX_API_KEY", address="https://api.minimax.io")
    other = KeyRoute(gateway="studio", variable="STUDIO_API_KEY", address="https://studio.example/v1")
    found = report(
        row("open"),
        to_spend=(usd("0.28"),),
        destinations=(
            KeyDestination(route=own, place="api.minimax.io"),
            KeyDestination(route=other, place=other.address, is_trusted=False),
        ),
    )
    assert draw_plan(found).endswith(
        "Plan: 1 to render. Cost: 0.28 USD.\n"
        "  minimax: api.minimax.io, key MINIMAX_API_KEY\n"
        f"  studio: https://studio.example/v1, key STUDIO_API_KEY, not trusted{MARKS}"
    )
    assert spending_question(found) == (
        "This run will spend up to 0.28 USD for 1 clip "
        "at minimax (api.minimax.io, key MINIMAX_API_KEY) "
        "or studio (https://studio.example/v1, key STUDIO_API_KEY, not trusted). Proceed?"
    )
    assert [(each["provider"], each["trusted"]) for each in _members(found)] == [("minimax", True), ("studio", False)]


def test_the_question_has_the_most_that_fallbacks_may_cost_and_what_the_caps_still_allow() -> None:
    budget = CapLeft(description="the manifest's budget of 40.00 USD", left=usd("12.20"))
    found = report(
        row("open"), row("twin", same_clip_as="open#1"), row("turn"),
        to_spend=(usd("0.56"),), most_to_spend=(usd("0.98"),), unpriced_fallbacks=1, caps_left=(budget,),
    )  # fmt: skip
    assert spending_question(found) == (
        "This run will spend up to 0.98 USD for 2 clips (3 takes). "
        "For 1 clip, another provider of the list has an unknown price. "
        "12.20 USD left of the manifest's budget of 40.00 USD. Proceed?"
    )
    assert plan_totals(found, TextStyle()) == (
        "Plan: 3 to render. Cost: 0.56 USD, up to 0.98 USD, unknown for 1 clip at another provider of the list. "
        "Takes with the same request share a clip: 2 clips to buy."
    )


def test_dropped_and_renamed_shots_are_named_also_when_there_is_nothing_to_do() -> None:
    dropped = (DroppedShot(shot="old", renamed_to="new"), DroppedShot(shot="gone"), DroppedShot(shot="lost"))
    words = (
        "Renamed, with the clips as they are: old → new.\n"
        "No longer in the manifest; a run drops them from the lock and keeps their clips: gone, lost."
    )
    assert draw_plan(report(stored("new"), dropped=dropped)).endswith(f" kB.\n{words}")
    assert draw_plan(report(row("new"), to_spend=(usd("0.28"),), dropped=dropped)).endswith(f"USD.\n{words}{MARKS}")


def test_lines_add_up_to_the_total(golden: Golden) -> None:
    """Each clip has its price once, and what is not bought in this run has none."""
    rows = (
        row("a", why="the request changed"),
        row("twin", shared_with=("a",), same_clip_as="a#1"),
        row("b", action=Action.WAIT, why="it starts from a, which must be rendered again"),
        row("c", action=Action.WAIT, why="it starts from doubt, not rendered yet", is_bought=False),
        row("d", is_bought=False, is_left_out=True),
    )
    found = report(
        *rows,
        to_spend=(usd("0.56"),),
        left_out={Action.SUBMIT: 1},
        over_cap=(("d#1", OVER),),
    )
    golden(draw_plan(found), "plan_lines_add_up.txt")


def test_each_reason_of_a_cap_is_there_once_with_what_to_do() -> None:
    others = tuple((f"x#{n}", replace(OVER, why=f"it would cost {n}.00 USD")) for n in range(2, 5))
    found = report(row("d"), over_cap=(("d#1", OVER), ("d#2", OVER), ("e#1", UNPRICED), *others))
    said = draw_plan(found).removesuffix(MARKS).splitlines()
    assert said[-4:-2] == [f"  {OVER.why}. Raise the cap.", f"  {UNPRICED.why}. Choose another provider."]
    assert said[-1] == "  … and 2 more reasons; --format json shows them all"
    members = report_dict(found)["summary"]["over_cap"]  # type: ignore[index]
    assert members[0] == {"take": "d#1", "why": OVER.why, "remedy": "Raise the cap."}


@pytest.mark.parametrize("world", [World.REAL, World.REHEARSAL])
def test_what_was_refused_has_its_command(world: World) -> None:
    """Also below a run's end and a status; on a narrow terminal it stays whole."""
    refused = row("gore", action=Action.HOLD, why=f"{StepReason.REFUSED}: moderation", stage=Stage.FAILED)
    found = report(refused, rehearsal=world is World.REHEARSAL)
    line = f"\n    {command_line('run', '--failed', manifest='manifests/teaser.yaml', world=world)}"
    drawn = (
        draw_plan(found),
        draw_report(found),
        draw_run_summary(Outcome(named=1), found, lock=None, folder="renders/"),
    )
    for text in drawn:
        assert line in fit_lines(text, 40)
    assert "--failed\n" not in draw_plan(report(row("open")))


def _members(found: Report) -> list[dict[str, object]]:
    members = report_dict(found)["gateways"]
    assert isinstance(members, list)
    return members
