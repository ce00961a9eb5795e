"""A long list whose items are wrong: each way to be wrong is described once, and counted in full."""

from collections.abc import Iterator
from typing import Any

import pytest

from hailuo_batch.core.problem import Problem
from hailuo_batch.load import schema_items, schema_messages
from hailuo_batch.load.manifest import read_manifest

LIST = "version: 1\ncampaign: teaser\nshots:\n"


def test_many_items_that_are_wrong_alike_are_described_once_and_counted_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described: list[object] = []
    real = schema_messages._describe_errors

    def describe(errors: Any, place: Any) -> Iterator[Problem]:
        described.append(place)
        return real(errors, place)

    monkeypatch.setattr(schema_messages, "_describe_errors", describe)
    monkeypatch.setattr(schema_items, "FEWEST_DESCRIBED", 10)
    # Each second shot has a mistake of its own beside the one that all have; ten ways are described, nine shown.
    shots = "".join(f"  - {{id: s{n}, takes: x, promt{n if n % 2 else ''}: a}}\n" for n in range(100))
    _, problems = read_manifest(f"{LIST}{shots}".encode(), name="a.yaml", most=9)
    assert len(described) == 11, "and the file around the list"
    counts = {problem.why: problem.count for problem in problems}
    assert counts['takes is "x", and should be a whole number.'] == 100
    assert counts['"promt" means nothing in a shot.'] == 50
    assert problems[-1].why == "43 more problems are not shown; mend these first."
    assert sum(problem.count for problem in problems[:-1]) == 200 - 43


@pytest.mark.parametrize(
    "shot",
    [
        "{}",
        "{id: a, takes: x}",
        "7",
        "{id: 7, prompt: [a], frames: {frist: a.png}}",
        "{1: 2}",
        "{id: a, x-own: 1, takes: x}",
    ],
)
def test_an_item_is_described_as_if_it_were_alone(shot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = f"{LIST}  - {{id: fine}}\n  - {shot}\n".encode()
    _, problems = read_manifest(data, name="a.yaml")
    monkeypatch.setattr(schema_items, "_INDEPENDENT", frozenset())  # each item whole, as the library describes it
    assert problems == read_manifest(data, name="a.yaml")[1]
    assert problems


def test_columns_of_the_users_own_are_not_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_items, "FEWEST_DESCRIBED", 2)
    shots = "".join(f"  - {{id: s{n}, takes: x, x-own: {n}}}\n" for n in range(9))
    _, (problem,) = read_manifest(f"{LIST}{shots}".encode(), name="a.yaml", most=1)
    assert problem.count == 9
