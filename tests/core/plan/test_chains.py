"""Chains of a plan, from any of their shots."""

import pytest
from core_samples import after_shot, planned, shot

from hailuo_batch.core.manifest.document import Frames
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.chains import find_chains, find_links

TWO = Frames(first=after_shot("b").first, last=after_shot("x").first)
FORK: tuple[Shot, ...] = (
    shot("c", frames=TWO), shot("b", frames=after_shot("a")), shot("d", frames=after_shot("b")), shot("a"),
    shot("x", prompt="x"), shot("alone", prompt="alone"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("a", ["a self", "b after", "c after", "d after"]),
        ("b", ["a before", "b self", "c after", "d after"]),
        ("c", ["a before", "x before", "b before", "c self"]),
        ("x", ["x self", "c after"]),
        ("alone", []),
    ],
)
def test_the_chain_of_a_shot_goes_from_its_first_shots_to_its_last(name: str, chain: list[str]) -> None:
    assert [f"{link.shot} {link.place}" for link in find_links(planned(*FORK).steps, name)] == chain


def test_what_a_shot_starts_from_has_its_frames() -> None:
    links = {link.shot: link.frames for link in find_links(planned(*FORK).steps, "c")}
    assert links == {"a": (), "x": (), "b": ("last frame of a",), "c": ("last frame of b", "last frame of x")}


def test_a_long_chain_is_followed_without_recursion() -> None:
    shots = [shot("s0"), *(shot(f"s{n}", frames=after_shot(f"s{n - 1}")) for n in range(1, 3000))]
    steps = planned(*shots).steps
    assert len(find_links(steps, "s1500")) == 3000
    assert find_chains(steps).followers["s1500"] == ("s1501",)


def test_a_plan_without_waits_has_no_chains() -> None:
    assert (find_chains(planned(shot()).steps).causes, find_chains(planned(shot()).steps).followers) == ({}, {})
