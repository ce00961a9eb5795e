"""Scripts: what a file says, which calls a rule meets, and what is wrong with a wrong one."""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.errors import InputError
from hailuo_batch.mock.fault import ALLOWED_CALLS, Fault, FaultKind
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.mock.rule import FaultChooser, Rule, Script
from hailuo_batch.mock.script import parse_rule, parse_script, read_script

TEXT = """
seed: 7
task: {queued: 2, running: 8.5, spread: 0}
link_seconds: 600
balance: {minimax: 3.00}
keys: [demo]
faults:
  - {fault: throttled, gateway: minimax, call: [submit, poll], first: 2, retry_after: 1}
  - fault: server_error
    status: 503
    accepted: true
    rate: 0.05
    prompt: Storm
  - fault: cut
    nth: [2, 4]
    each: true
"""


def test_a_script_is_read(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(TEXT)
    script = read_script(path)

    assert (script.seed, script.queued, script.running, script.spread, script.link_seconds) == (7, 2.0, 8.5, 0.0, 600.0)
    assert script.balance == {"minimax": Decimal("3.0")}
    assert script.keys == ("demo",)
    assert script.rules == (
        Rule(
            fault=Fault(kind=FaultKind.THROTTLED, retry_after="1"),
            gateways=frozenset({"minimax"}),
            calls=frozenset({CallKind.SUBMIT, CallKind.POLL}),
            first=2,
        ),
        Rule(
            fault=Fault(kind=FaultKind.SERVER_ERROR, status=503, accepted=True),
            calls=frozenset({CallKind.SUBMIT}),
            rate=0.05,
            prompt="Storm",
        ),
        Rule(fault=Fault(kind=FaultKind.CUT), calls=frozenset({CallKind.DOWNLOAD}), nth=frozenset({2, 4}), each=True),
    )


def test_json_is_read_as_well_and_nothing_is_a_script_too(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('{"seed": 3, "faults": [{"fault": "hang"}]}')
    assert read_script(path).seed == 3
    path.write_text("{}")
    assert read_script(path) == Script()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seeds: 1", "seeds"),
        ("seed: many", "no whole number"),
        ("seed: true", "no whole number"),
        ("task: {quede: 1}", "quede"),
        ("task: 3", "task is not made of names and values"),
        ("balance: {minimaxi: 3}", "unknown gateway: minimaxi"),
        ("balance: {minimax: much}", "no amount"),
        ("faults: [{gateway: minimax}]", "without a name"),
        ("faults: [{fault: trottled}]", "trottled is no fault"),
        ("faults: [{fault: throttled, call: sumbit}]", "sumbit is no call"),
        ("faults: [{fault: expired_link, call: submit}]", "expired_link does not happen at submit"),
        ("faults: [{fault: stuck, accepted: false}]", "stuck cannot happen"),
        ("faults: [{fault: throttled, nth: 0}]", "nth: 0"),
        ("faults: [{fault: throttled, rate: often}]", "no number"),
        ("faults: [{fault: throttled, retry: 3}]", "retry"),
        ("faults: {fault: throttled}", "a mapping where a list belongs"),
        ("- 1", "no keys at the top"),
        ("", "nothing in the file"),
        ("seed: [", ""),
    ],
)
def test_a_wrong_script_is_told_in_words(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_script(path)
    assert words in raised.value.summary


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the script"):
        read_script(tmp_path / "none.yaml")


def test_a_fault_without_a_call_stands_where_it_costs_most() -> None:
    for kind in FaultKind:
        assert parse_rule(fault=kind).calls == {ALLOWED_CALLS[kind][0]}


def _struck(script_rule: Rule, calls: list[tuple[str, str]]) -> list[int]:
    """The numbers of the calls that the rule meets; a call is a gateway and a subject."""
    chooser = FaultChooser(Script(rules=(script_rule,)))
    picks = [chooser.pick(gateway, CallKind.SUBMIT, subject, "a storm at sea") for gateway, subject in calls]
    return [number for number, pick in enumerate(picks, start=1) if pick]


def test_calls_are_counted_at_each_gateway_or_for_each_task() -> None:
    calls = [("gccai", "a"), ("gccai", "b"), ("vtrix", "c"), ("gccai", "a"), ("vtrix", "c")]
    assert _struck(parse_rule(fault="reset", nth=2), calls) == [2, 5]
    assert _struck(parse_rule(fault="reset", nth=2, each=True), calls) == [4, 5]
    assert _struck(parse_rule(fault="reset", first=1), calls) == [1, 3]
    assert _struck(parse_rule(fault="reset", every=2), calls) == [2, 5]
    assert _struck(parse_rule(fault="reset", gateway="vtrix"), calls) == [3, 5]
    assert _struck(parse_rule(fault="reset", prompt="STORM", nth=[1, 3]), calls) == [1, 3, 4]
    assert _struck(parse_rule(fault="reset", prompt="calm"), calls) == []
    assert _struck(parse_rule(fault="reset", call="poll"), calls) == []


def test_the_first_rule_that_strikes_is_the_one_and_the_others_still_count() -> None:
    chooser = FaultChooser(
        Script(rules=(parse_rule(fault="reset", nth=1), parse_rule(fault="hang", nth=2), parse_rule(fault="slow")))
    )
    picks = [chooser.pick("gccai", CallKind.SUBMIT, "a", "") for _ in range(3)]
    assert [pick.kind for pick in picks if pick] == [FaultKind.RESET, FaultKind.HANG, FaultKind.SLOW]


@given(seed=st.integers(0, 10_000), rate=st.floats(0, 1))
def test_a_rate_is_met_about_so_often_and_the_same_for_a_seed(seed: int, rate: float) -> None:
    def picks() -> list[bool]:
        chooser = FaultChooser(Script(seed=seed, rules=(parse_rule(fault="reset", rate=rate),)))
        return [bool(chooser.pick("gccai", CallKind.SUBMIT, str(number), "")) for number in range(200)]

    first = picks()
    assert first == picks()
    assert abs(sum(first) - 200 * rate) < 50  # seven deviations


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: (
            st.lists(part)
            | st.dictionaries(st.sampled_from(["seed", "faults", "fault", "nth", "rate", "task", "balance"]), part)
        ),
    )
)
def test_no_values_make_it_stumble(tree: object) -> None:
    with suppress(InputError):
        assert parse_script(tree)
