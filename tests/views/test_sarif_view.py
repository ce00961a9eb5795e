"""Problems as a SARIF log: its form by the schema of the standard, its limit, and what is escaped."""

import json
from typing import Any

from sarif_form import require_sarif
from view_samples import HOSTILE

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Place, Problem, Rule
from hailuo_batch.views.sarif import MAX_RESULTS, sarif_log


def problem(rule: Rule = rules.SHOT_LENGTH, file: str = "manifests/film.yaml", **members: Any) -> Problem:
    place = Place(file=file, line=14, column=13, text="    duration: 8")
    plain = {"why": "8 s is not sold.", "remedy": "Write 6.", "path": ("shots", 1, "duration"), "place": place}
    return Problem(rule=rule, **{**plain, **members})


def run_of(*problems: Problem) -> dict[str, Any]:
    """The one run of a log, which the schema accepts."""
    log = sarif_log(problems, version="1.2.3")
    require_sarif(log)
    (run,) = log["runs"]
    return dict(run)


def test_a_result_has_its_rule_place_shot_and_count() -> None:
    run = run_of(problem(), problem(rules.SWITCH, shot="b", count=40, more_lines=(15, 16)))
    (first, second) = run["results"]
    described = run["tool"]["driver"]["rules"]
    for result, rule in ((first, rules.SHOT_LENGTH), (second, rules.SWITCH)):
        found = described[result["ruleIndex"]]
        assert (result["ruleId"], found["id"], found["help"]["text"]) == (rule.id, rule.id, rule.remedy)
        assert result["level"] == found["defaultConfiguration"]["level"] == str(rule.severity)
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 14, "startColumn": 13}
    assert second["locations"][0]["logicalLocations"][0]["name"] == second["properties"]["shot"] == "b"
    assert second["message"]["text"].startswith('switch not passed on: shot "b": 8 s is not sold. Write 6.')
    assert second["occurrenceCount"] == 40
    assert [each["physicalLocation"]["region"]["startLine"] for each in second["relatedLocations"]] == [15, 16]


def test_a_case_of_a_rule_is_described_by_the_rule_and_keeps_its_own_level() -> None:
    run = run_of(problem(rules.PROMPT_LENGTH.case("other words").as_warning()))
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["shortDescription"]["text"], rule["defaultConfiguration"]["level"]) == ("prompt too long", "error")
    assert run["results"][0]["level"] == "warning"


def test_of_too_many_the_last_are_counted() -> None:
    more = problem(rules.MORE, why="7 more problems are not shown; mend these first.")
    run = run_of(*[problem()] * (MAX_RESULTS + 3), more)
    assert len(run["results"]) == MAX_RESULTS
    said = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert said == [more.why, "3 more problems are not in this log; mend these first."]


def test_without_problems_the_log_is_whole_too() -> None:
    assert run_of()["results"] == []


def test_a_file_is_an_address_below_the_root_or_a_whole_one() -> None:
    found = [
        run_of(problem(file=file))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        for file in ("a b/#1:é.yaml", "bad\udcff.yaml", "/elsewhere/x y.yaml")
    ]
    assert found == [
        {"uri": "a%20b/%231%3A%C3%A9.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "bad%FF.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///elsewhere/x%20y.yaml"},
    ]


def test_nothing_invisible_or_broken_is_in_the_log() -> None:
    words = f"{HOSTILE} a\u202eb\x1b[31m \udcff"
    file = words.replace("\ud800", "")  # no system has such a name
    hostile = problem(file=file, why=words, remedy=words, shot=words, path=(words,))
    log = sarif_log([hostile, problem(rules.MORE, why=words)], version="1")
    require_sarif(log)
    text = json.dumps(log, ensure_ascii=False)
    text.encode()
    assert not {"\u202e", "\x1b"} & set(text)
