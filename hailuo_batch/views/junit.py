"""A validation, or what a run came to, as JUnit XML, which CI servers draw as a table of tests.

A manifest is a suite, a take is a case, its sequence (else the campaign) is the class. The form fits both schemas of
Jenkins (junit-4.xsd of JUnit 5's own tests and junit-10.xsd of the xUnit plugin, read 2026-11-26): what is skipped has
its reason as text, and a case has no properties.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from xml.etree import ElementTree as ET

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, Step, StepReason
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.render_names import take_label
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.values import dataclass
from hailuo_batch.views.failure_advice import failure_advice
from hailuo_batch.views.format import join_amounts, safe_lines
from hailuo_batch.views.problems import problem_words

_NOT_XML = re.compile("[\ufffe\uffff]")  # what XML 1.0 forbids besides controls and halves of characters


class Verdict(StrEnum):
    """How a case ended; the names are those of its XML element."""

    PASSED = "passed"  # has no element
    FAILURE = "failure"  # of the manifest, or of the provider
    ERROR = "error"  # a person has to see to it
    SKIPPED = "skipped"  # it was left as it is


_ERRORS = frozenset({FailureKind.UNKNOWN_OUTCOME, FailureKind.SHARED_TASK, FailureKind.PENDING, FailureKind.UNRECORDED})
_SKIPPED = frozenset({FailureKind.OVER_CAP, FailureKind.HELD, FailureKind.CLOSED, FailureKind.STOPPED})
_DOUBTS = frozenset({StepReason.IN_DOUBT, StepReason.DOUBT_ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One take, or the whole command where `name` is its own; `kind` is the rule or the kind of failure."""

    name: str
    class_name: str
    verdict: Verdict = Verdict.PASSED
    kind: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The cases of one manifest."""

    name: str
    cases: tuple[Case, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None


def draw_junit(suites: Iterable[Suite]) -> str:
    """The whole document; nothing is printed before it is whole."""
    root = ET.Element("testsuites", name="hailuo-batch")
    for suite in suites:
        _add_suite(root, suite)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(each.get(name, 0)) for each in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def validation_suite(
    name: str, campaign: str, shots: Sequence[Shot], problems: Sequence[Problem], *, world: World, strict: bool
) -> Suite:
    """A manifest's takes, each with the problems of its shot; other problems are cases of their own."""
    by_shot: dict[str, list[Problem]] = {}
    for problem in problems:
        by_shot.setdefault(problem.shot, []).append(problem)
    cases = [
        _problem_case(f"{shot.id}#{take}", shot.sequence or campaign, by_shot.get(shot.id, []), strict=strict)
        for shot in shots
        for take in range(1, shot.takes + 1)
    ]
    known = {shot.id for shot in shots}
    for shot_id, found in by_shot.items():
        if shot_id not in known:
            cases.append(_problem_case(shot_id or "manifest", campaign or name, found, strict=strict))
    return Suite(name=name, cases=tuple(cases), properties={"campaign": campaign, "world": str(world)})


def run_suite(
    report: Report, steps: Iterable[Step], outcome: Outcome, *, code: Exit, error: HailuoError | None = None
) -> Suite:
    """What a run came to; `steps` are those after it. Some case is red exactly when the exit code is not 0."""
    failed = {label: failure for step, failure in outcome.failed for label in map(take_label, step.uses)}
    cases = [
        _take_case(
            take_label(use), use.shot.sequence or report.campaign, step, failed, report, is_red=code != Exit.DONE
        )
        for step in steps
        for use in step.uses
    ]
    is_red = bool({Verdict.FAILURE, Verdict.ERROR} & {case.verdict for case in cases})
    if code != Exit.DONE and (error or outcome.stop_reason or not is_red):
        words = _error_words(error) or (f"stopped: {outcome.stop_reason}" if outcome.stop_reason else "")
        cases.append(_command_case("run", report.campaign, code, words or "not every take has its clip"))
    properties = {
        "campaign": report.campaign,
        "world": str(report.world),
        "model": report.model,
        "exit_code": str(int(code)),
        **_cost_properties(report),
    }
    return Suite(name=report.manifest, cases=tuple(cases), properties=properties, seconds=outcome.seconds)


def report_suite(report: Report) -> Suite:
    """A campaign as it is: a take with its clip has passed, and what is still to be done is skipped."""
    cases = tuple(_row_case(row, report) for row in report.rows)
    properties = {"campaign": report.campaign, "world": str(report.world), "model": report.model}
    return Suite(name=report.manifest, cases=cases, properties={**properties, **_cost_properties(report)})


def _row_case(row: TakeRow, report: Report) -> Case:
    case = Case(name=f"{row.shot}#{row.take}", class_name=row.sequence or report.campaign)
    if row.action is Action.REUSE:
        return case
    verdict, kind = _left_verdict(row.reason) if row.reason is not None else (Verdict.SKIPPED, "")
    return replace(case, verdict=verdict, kind=kind, words=f"{row.action}: {row.why}")


def error_suite(name: str, command: str, code: Exit, error: HailuoError | None, *, world: World) -> Suite:
    """A command that ended before it had a result: the problems of the manifest, or the one error."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    if problems:
        return validation_suite(name, "", (), problems, world=world, strict=False)
    case = _command_case(command, name, code, _error_words(error) or "interrupted")
    return Suite(name=name, cases=(case,), properties={"world": str(world), "exit_code": str(int(code))})


def _problem_case(name: str, class_name: str, problems: Sequence[Problem], *, strict: bool) -> Case:
    counted = [each for each in problems if strict or each.severity is Severity.ERROR]
    words = "\n".join(map(_problem_line, problems))
    if not counted:
        return Case(name=name, class_name=class_name, words=words)
    return Case(name=name, class_name=class_name, verdict=Verdict.FAILURE, kind=counted[0].rule.id, words=words)


def _problem_line(problem: Problem) -> str:
    place = problem.place
    where = f"{place.file}:{place.line}:{place.column}: " if place else ""
    return f"{where}{problem.summary} [{problem.rule.id}]: {problem_words(problem)}"


def _take_case(
    name: str, class_name: str, step: Step, failed: Mapping[str, Failure], report: Report, *, is_red: bool
) -> Case:
    failure = failed.get(name)
    if failure is not None:
        advice = failure_advice(failure, manifest=report.manifest, world=report.world)
        verdict = _failure_verdict(failure) if is_red else Verdict.SKIPPED
        words = f"{failure.why}\n{advice}".strip()
        return Case(name=name, class_name=class_name, verdict=verdict, kind=_kind(failure.kind), words=words)
    if step.action is Action.REUSE:
        return Case(name=name, class_name=class_name)
    verdict, kind = _left_verdict(step.why) if is_red else (Verdict.SKIPPED, "")
    words = f"{step.action}: {describe_reason(step)}"
    return Case(name=name, class_name=class_name, verdict=verdict, kind=kind, words=words)


def _failure_verdict(failure: Failure) -> Verdict:
    if failure.kind in _SKIPPED:
        return Verdict.SKIPPED
    return Verdict.ERROR if failure.kind in _ERRORS else Verdict.FAILURE


def _left_verdict(why: StepReason) -> tuple[Verdict, str]:
    """What an earlier run left counts in each run: a doubt and a refusal have their exit codes every time."""
    if why in _DOUBTS:
        return Verdict.ERROR, _kind(FailureKind.UNKNOWN_OUTCOME)
    return (Verdict.FAILURE, _kind(FailureKind.REFUSED)) if why is StepReason.REFUSED else (Verdict.SKIPPED, "")


def _kind(kind: FailureKind) -> str:
    return "in_doubt" if kind is FailureKind.UNKNOWN_OUTCOME else str(kind)  # as every view calls it


def _command_case(command: str, class_name: str, code: Exit, words: str) -> Case:
    return Case(name=command, class_name=class_name, verdict=Verdict.ERROR, kind=code.name.lower(), words=words)


def _error_words(error: HailuoError | None) -> str:
    return "" if error is None else "\n".join(filter(None, (error.summary, error.why, error.remedy)))


def _cost_properties(report: Report) -> dict[str, str]:
    sums: dict[str, tuple[Money, ...]] = {
        "cost_actual": report.spent,
        "cost_estimated": report.estimated,
        "cost_to_spend": report.to_spend,
    }
    known = {name: join_amounts(amounts) for name, amounts in sums.items() if amounts}
    return {**known, **({"clips_at_unknown_cost": str(report.unknown_cost)} if report.unknown_cost else {})}


def _add_suite(root: ET.Element, suite: Suite) -> None:
    counts = {verdict: sum(case.verdict is verdict for case in suite.cases) for verdict in Verdict}
    numbers = {"tests": len(suite.cases), "failures": counts[Verdict.FAILURE], "errors": counts[Verdict.ERROR]}
    element = ET.SubElement(root, "testsuite", name=_xml_text(suite.name))
    for name, number in {**numbers, "skipped": counts[Verdict.SKIPPED]}.items():
        element.set(name, str(number))
    if suite.seconds is not None:
        element.set("time", f"{suite.seconds:.3f}")
    if known := {name: value for name, value in suite.properties.items() if value}:
        properties = ET.SubElement(element, "properties")
        for name, value in known.items():
            ET.SubElement(properties, "property", name=name, value=_xml_text(value))
    for case in suite.cases:
        _add_case(element, case)


def _add_case(suite: ET.Element, case: Case) -> None:
    words = _xml_text(case.words)
    element = ET.SubElement(suite, "testcase", classname=_xml_text(case.class_name), name=_xml_text(case.name))
    if case.verdict is Verdict.PASSED:
        if words:
            ET.SubElement(element, "system-out").text = words
        return
    ended = ET.SubElement(element, case.verdict)
    ended.text = words
    if case.verdict is not Verdict.SKIPPED:
        ended.set("type", case.kind)
        ended.set("message", words.partition("\n")[0])


def _xml_text(words: str) -> str:
    """Words that XML may hold, without passwords and signatures of addresses."""
    return _NOT_XML.sub("�", safe_lines(words))
