"""Before money is spent the user is asked, on a terminal; elsewhere `--yes` must have said so."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hailuo_batch.cli import interactive
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.errors import RefusedError


def planned(**members: Any) -> Any:
    from hailuo_batch.core.plan.report import Report

    plain = {"campaign": "teaser", "manifest": "x.yaml", "model": "hailuo-02", "sketch": False, "rows": ()}
    plain["counts"] = {Action.SUBMIT: 1} if members else {}
    plain |= {"takes_to_buy": 1, "clips_to_buy": 1} if members else {}
    return SimpleNamespace(notes=(), report=Report(**{**plain, **members}))


COSTS = {"to_spend": (Money(amount=Decimal(1), currency="USD"),)}


@pytest.mark.parametrize("members", [COSTS, {"unpriced": 1}], ids=["a price", "no known price"])
def test_what_costs_is_refused_where_nobody_can_be_asked(members: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="not approved") as refused:
        interactive._confirm_spending(planned(**members), yes=False)
    assert refused.value.remedy == "Add --yes."


@pytest.mark.parametrize(("members", "yes"), [({}, False), (COSTS, True), ({"unpriced": 1}, True)])
def test_what_is_free_or_agreed_is_not_asked(members: dict[str, Any], yes: bool) -> None:
    interactive._confirm_spending(planned(**members), yes=yes)


@pytest.mark.parametrize(("answer", "agreed"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_on_a_terminal_the_plan_is_shown_and_the_answer_counts(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def ask() -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        interactive._confirm_spending(planned(**COSTS), yes=False)

    asked = CliRunner().invoke(ask, input=answer)
    assert isinstance(asked.exception, RefusedError) is not agreed
    assert asked.stdout == "", "a question is no result"
    assert "Plan: 1 to render. Cost: 1.00 USD." in asked.stderr
    assert "This run will spend up to 1.00 USD for 1 clip. Proceed? [y/N]:" in asked.stderr


@pytest.mark.parametrize(("ci", "is_asked"), [("true", False), ("1", False), ("false", True), ("", True)])
def test_in_ci_nobody_is_asked_even_on_a_terminal(ci: str, is_asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def ask() -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        interactive._confirm_spending(planned(**COSTS), yes=False)

    monkeypatch.setenv("CI", ci)
    asked = CliRunner().invoke(ask, input="y\n")
    assert ("Proceed?" in asked.stderr) == is_asked
    assert isinstance(asked.exception, RefusedError) is not is_asked
