"""The words of `--only`, which every command reads with the same parser."""

from dataclasses import replace

import pytest
from core_samples import after_shot, planned, shot, standing, stored

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import StepReason, TakeName
from hailuo_batch.core.plan.planner import find_unlocked_steps
from hailuo_batch.core.plan.selection import (
    STATES,
    match_takes,
    narrow_steps,
    parse_pattern,
    parse_patterns,
    step_states,
    unmatched_error,
)
from hailuo_batch.errors import InputError

FILM = (
    shot("open", takes=3, tags=("hero", "client:acme")),
    shot("pack-red", prompt="red", tags=("v#2",), sequence="sq010"),
    shot("pack-blue", prompt="blue", takes=2, sequence="sq020"),
    shot("turn", frames=after_shot("open"), takes=2),
)


def chosen(*only: str) -> list[str]:
    steps = planned(*FILM).steps
    return [
        TakeName(use.shot.id, use.take).label
        for step in narrow_steps(steps, match_takes(steps, parse_patterns(only)).takes)
        for use in step.uses
    ]


@pytest.mark.parametrize(
    ("only", "takes"),
    [
        (["open"], ["open#1", "open#2", "open#3"]),
        (["open#2"], ["open#2"]),
        (["pack-*"], ["pack-red#1", "pack-blue#1", "pack-blue#2"]),
        (["pack-*#2", "turn#1"], ["pack-blue#2", "turn#1"]),
        (["tag:client:*#3"], ["open#3"]),
        (["tag:v#2"], ["pack-red#1"]),  # a tag's own # comes first
        (["seq:sq020"], ["pack-blue#1", "pack-blue#2"]),
        (["seq:sq0*#1"], ["pack-red#1", "pack-blue#1"]),
        (["state:new#1"], ["open#1", "pack-red#1", "pack-blue#1", "turn#1"]),
        (["state:waiting"], ["turn#1", "turn#2"]),
        (["state:failed"], []),
    ],
)
def test_what_is_meant(only: list[str], takes: list[str]) -> None:
    assert chosen(*only) == takes


def test_every_reason_has_a_state_and_what_is_on_hold_is_held() -> None:
    assert {reason for reasons in STATES.values() for reason in reasons} == set(StepReason)
    refused = replace(planned(FILM[1]).steps[0], why=StepReason.REFUSED)
    assert step_states(refused) == {"failed", "held"}


def test_a_shot_that_waits_is_new_or_changed_as_its_own_last_request_says() -> None:
    giver, link = shot("a"), shot("b", frames=after_shot("a"))
    facts = stored(planned(giver))
    assert step_states(planned(giver, link).steps[1]) == {"waiting", "new"}
    whole = stored(planned(giver, link, **facts))
    again = planned(replace(giver, prompt="other"), link, **whole)
    assert step_states(again.steps[1]) == {"waiting", "changed"}


def test_a_waiting_take_that_was_selected_alone_is_unlocked_alone() -> None:
    plan = planned(*FILM)
    waiting = tuple(narrow_steps(plan.steps, {TakeName("turn", 2)}))
    free = find_unlocked_steps(waiting, plan.inputs, {"open": "sha256:aa"})
    assert [[use.take for use in step.uses] for step in free] == [[2]]


def test_a_clip_that_shots_share_gets_the_selected_name_alone() -> None:
    steps = planned(shot("a"), shot("b")).steps
    (step,) = narrow_steps(steps, {TakeName("b", 1)})
    assert [use.shot.id for use in step.uses] == ["b"]


@pytest.mark.parametrize(
    ("text", "why", "remedy"),
    [
        ("tga:hero", 'There is no "tga:".', 'Did you mean "tag:"?'),
        ("C:film", 'There is no "C:".', "Write a shot's id, or one of: tag:, seq:, state:."),
        ("state:faild", 'There is no state "faild".', 'Did you mean "failed"?'),
        ("open#x", "", "Write the shot's id, # and a number, as in open#2."),
        ("#2", "", "Write the shot's id, # and a number, as in open#2."),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, why: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pattern(text)
    assert (caught.value.why, caught.value.remedy) == (why, remedy)


@pytest.mark.parametrize(
    ("text", "summary", "why", "near"),
    [
        ("opne", '--only "opne" matches no shot', "", 'Did you mean "open"?'),
        ("tag:heroo", '--only "tag:heroo" matches no shot', "", 'Did you mean "tag:hero"?'),
        ("seq:sq10", '--only "seq:sq10" matches no shot', "", 'Did you mean "seq:sq010"?'),
        ("open#9", '--only "open#9" matches no take', 'Shot "open" has 3 takes here.', ""),
        ("pack-*#9", '--only "pack-*#9" matches no take', "These shots have 2 takes here.", ""),
    ],
)
def test_a_pattern_that_means_nothing_is_an_error_with_the_list(text: str, summary: str, why: str, near: str) -> None:
    (pattern,) = match_takes(planned(*FILM).steps, parse_patterns([text])).unmatched
    error = unmatched_error(pattern, FILM, list_command="hailuo-batch status")
    assert (error.summary, error.why) == (summary, why)
    assert error.remedy == "\n".join(filter(None, (near, "To list every shot:\n    hailuo-batch status")))


def test_a_state_is_that_of_each_take() -> None:
    first, *_ = planned(FILM[0]).steps
    plan = planned(*FILM, standings={first.fingerprint: standing(Stage.FAILED, digest=None)})
    assert match_takes(plan.steps, parse_patterns(["state:failed"])).takes == {TakeName("open", 1)}
