"""JUnit XML: which take is red, which is skipped, and that no word of a user breaks the document."""

from dataclasses import replace

import pytest
from junit_form import read_junit, verdicts
from view_samples import HOSTILE, failure, report, shot, step

from hailuo_batch.core import rules
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Step, StepReason
from hailuo_batch.core.problem import Place, Problem
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, RefusedError
from hailuo_batch.views.junit import Suite, draw_junit, error_suite, run_suite, validation_suite


def after(name: str, why: StepReason = StepReason.STORED, sequence: str = "") -> Step:
    return replace(step(shot(name, sequence=sequence)), why=why)


def cases(suite: Suite) -> list[tuple[str, str, str, str]]:
    return verdicts(read_junit(draw_junit([suite])))


@pytest.mark.parametrize(
    ("why", "failed", "code", "expected"),
    [
        (StepReason.STORED, None, Exit.DONE, [("passed", "")]),
        (StepReason.STORED, FailureKind.UNNAMED, Exit.TAKES_FAILED, [("failure", "unnamed")]),
        (StepReason.REFUSED, FailureKind.PROMPT_REFUSED, Exit.TAKES_FAILED, [("failure", "prompt_refused")]),
        (StepReason.REFUSED, None, Exit.TAKES_FAILED, [("failure", "refused")]),
        (StepReason.IN_DOUBT, FailureKind.UNKNOWN_OUTCOME, Exit.NEEDS_PERSON, [("error", "in_doubt")]),
        (StepReason.IN_DOUBT, None, Exit.NEEDS_PERSON, [("error", "in_doubt")]),
        (StepReason.RUNNING, FailureKind.PENDING, Exit.NEEDS_PERSON, [("error", "pending")]),
        (StepReason.NEW, FailureKind.OVER_CAP, Exit.REFUSED, [("skipped", ""), ("error", "refused")]),
        (StepReason.LOCKED_ELSEWHERE, None, Exit.NEEDS_PERSON, [("skipped", ""), ("error", "needs_person")]),
        (StepReason.NEEDS_FRAME, None, Exit.DONE, [("skipped", "")]),
        (StepReason.IN_DOUBT, None, Exit.DONE, [("skipped", "")]),
        (StepReason.NEW, None, Exit.INTERRUPTED, [("skipped", ""), ("error", "interrupted")]),
    ],
)
def test_a_case_is_red_exactly_when_the_exit_code_is_not_0(
    why: StepReason, failed: FailureKind | None, code: Exit, expected: list[tuple[str, str]]
) -> None:
    stop = INTERRUPTED if code is Exit.INTERRUPTED else ""
    outcome = Outcome(failed=((step("a"), failure(kind=failed)),) if failed else (), stop_reason=stop)
    found = cases(run_suite(report(), [after("a", why)], outcome, code=code))
    assert [each[2:] for each in found] == expected
    assert [each[1] for each in found] == ["a#1", "run"][: len(expected)]


def test_the_class_is_the_sequence_else_the_campaign_and_the_suite_has_properties() -> None:
    suite = run_suite(
        report(rehearsal=True), [after("a", sequence="sq010"), after("b")], Outcome(seconds=1234.5), code=Exit.DONE
    )
    assert [each[0] for each in cases(suite)] == ["sq010", "teaser"]
    (element,) = read_junit(draw_junit([suite]))
    assert (element.get("name"), element.get("time")) == ("manifests/teaser.yaml", "1234.500")
    known = {each.attrib["name"]: each.attrib["value"] for each in element.iter("property")}
    assert (known["campaign"], known["world"], known["exit_code"]) == ("teaser", "rehearsal", "0")


def test_a_problem_is_a_failure_of_its_shot_and_a_warning_only_under_strict() -> None:
    place = Place(file="film.yaml", line=14, column=13)
    error = Problem(rule=rules.SHOT_LENGTH, why="8 s is not sold.", place=place, shot="a")
    warned = Problem(rule=rules.SHOT_LENGTH.as_warning(), why="odd", shot="b")
    nowhere = Problem(rule=rules.PROVIDER, why="of the settings")
    shots = [shot("a", takes=2), shot("b")]
    for strict in (False, True):
        suite = validation_suite("film.yaml", "c", shots, (error, warned, nowhere), world=World.REAL, strict=strict)
        red = "failure", "shot-length"
        assert cases(suite) == [
            ("c", "a#1", *red), ("c", "a#2", *red), ("c", "b#1", *(red if strict else ("passed", ""))),
            ("c", "manifest", "failure", "provider"),
        ]  # fmt: skip
    assert "film.yaml:14:13: length not offered [shot-length]: " in draw_junit([suite])


def test_nothing_that_a_user_writes_breaks_the_document_or_shows_a_signature() -> None:
    hostile = f"{HOSTILE}\ufffe\uffff]]> https://me:SECRET@cdn.test/a?sig=SECRET"
    problem = Problem(rule=rules.SHOT_LENGTH, why=hostile, shot=hostile)
    suites = [
        validation_suite(hostile, hostile, [], [problem], world=World.REAL, strict=False),
        run_suite(
            report(campaign=hostile, manifest=hostile),
            [after("a")],
            Outcome(failed=((step("a"), failure(hostile, hostile)),)),
            code=Exit.TAKES_FAILED,
            error=RefusedError(hostile, why=hostile, remedy=hostile),
        ),
        error_suite(hostile, "run", Exit.REFUSED, RefusedError(hostile), world=World.REAL),
    ]
    text = draw_junit(suites)
    text.encode()
    read_junit(text)
    assert "SECRET" not in text
