"""What several manifests buy in one command: each request once."""

from dataclasses import replace

from core_samples import after_shot, planned, shot, usd

from hailuo_batch.core.plan.plan import TakeName
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.report_total import total_report
from hailuo_batch.core.plan.together import EarlierPurchases

FIRST = [shot("open", takes=2), shot("turn", frames=after_shot("open")), shot("pack", prompt="a box")]


def promised(*shots: object) -> dict[str, str]:
    """Which takes of a second manifest are bought for the first."""
    plan, other = planned(*FIRST), planned(*shots)  # type: ignore[arg-type]
    earlier = EarlierPurchases().add(list_purchases(plan.steps), plan, FIRST, manifest="a.yaml")
    return {name.label: who for name, who in earlier.find_promised(other, shots).items()}  # type: ignore[arg-type]


def test_the_same_request_is_promised_under_any_name_and_another_is_not() -> None:
    assert promised(shot("x"), shot("y", prompt="a crate"), shot("z", prompt="a box")) == {
        "x#1": "open#1 of a.yaml",
        "z#1": "pack#1 of a.yaml",
    }


def test_a_shot_that_waits_for_the_same_clip_is_the_same_purchase() -> None:
    assert promised(shot("x"), shot("y", frames=after_shot("x"))) == {
        "x#1": "open#1 of a.yaml",
        "y#1": "turn#1 of a.yaml",
    }
    assert promised(shot("x", prompt="fog"), shot("y", frames=after_shot("x"))) == {}


def test_a_take_beyond_those_that_are_bought_is_a_purchase_of_its_own() -> None:
    assert promised(shot("x", takes=3)) == {"x#1": "open#1 of a.yaml", "x#2": "open#2 of a.yaml"}


def test_a_long_chain_has_a_short_key() -> None:
    chain = [shot("s0"), *(shot(f"s{n + 1}", frames=after_shot(f"s{n}")) for n in range(1_500))]
    plan = planned(*chain)
    earlier = EarlierPurchases().add(list_purchases(plan.steps), plan, chain, manifest="a.yaml")
    assert earlier.find_promised(plan, chain)[TakeName("s1500", 1)] == "s1500#1 of a.yaml"


def test_a_total_adds_amounts_by_currency_and_names_the_caps_of_one_manifest() -> None:
    from hailuo_batch.core.plan.report import CapLeft

    shared, own = CapLeft(description="the project's cap", left=usd("9")), CapLeft(description="b", left=usd("1"))
    plain = Report(campaign="a", manifest="a.yaml", model="hailuo-02", sketch=False, rows=())
    one = replace(plain, to_spend=(usd("1"),), clips_to_buy=1, caps_left=(shared,))
    two = replace(plain, manifest="b.yaml", to_spend=(usd("2"),), clips_to_buy=2, caps_left=(shared, own))
    total = total_report([one, two])
    assert (total.to_spend, total.clips_to_buy) == ((usd("3"),), 3)
    assert [each.description for each in total.caps_left] == ["the project's cap", "b (b.yaml)"]
