"""How long a run still takes, case by case."""

import pytest

from hailuo_batch.core.pacing.remaining_time import chain_lengths, chain_seconds

FOUR = {"b": ["a"], "c": ["b"], "d": ["c"]}


@pytest.mark.parametrize(
    ("givers", "lengths"),
    [
        ({}, {}),
        (FOUR, {"a": 3, "b": 2, "c": 1, "d": 0}),
        ({**FOUR, "e": ["a"]}, {"a": 3, "b": 2, "c": 1, "d": 0, "e": 0}),  # the longer branch counts
        ({"m": ["a", "z"], "n": ["m"]}, {"a": 2, "z": 2, "m": 1, "n": 0}),  # first and last frame
        ({str(n): [str(n - 1)] for n in range(1, 5001)}, {str(n): 5000 - n for n in range(5001)}),  # not recursive
    ],
)
def test_a_chain_is_as_long_as_what_follows(givers: dict[str, list[str]], lengths: dict[str, int]) -> None:
    assert chain_lengths(givers) == lengths


@pytest.mark.parametrize(
    ("lengths", "ages", "seconds"),
    [
        ({}, {}, 0),
        ({"a": 3}, {}, 240),  # four shots of 60 s cannot end before their sum
        ({"a": 3}, {"a": 45}, 195),
        ({"a": 3}, {"a": 90}, 180),  # one that takes longer than usual ends now, at the earliest
        ({"b": 2, "z": 0}, {"z": 10}, 180),
        ({"a": 1, "m": 2}, {"a": 10, "m": 50}, 130),  # the longest from now, not the longest at the beginning
    ],
)
def test_the_longest_chain_ends_after_the_sum_of_its_shots(
    lengths: dict[str, int], ages: dict[str, float], seconds: float
) -> None:
    assert chain_seconds(lengths, ages, render=60) == seconds
