"""What is bought for a cut: it follows the model, so no provider that is added changes a request."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from core_samples import HAILUO_02, PICTURE, provider, shot
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Cut, Duration
from hailuo_batch.core.manifest.shot import Mode, Shot
from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.core.providers.cut_lengths import CutLengths, buy_cuts, draw_cuts
from hailuo_batch.core.providers.offers import Provider

FIVES, SIXES = {"768p": (5, 10), "1080p": (5, 10)}, {"768p": (6, 10), "1080p": (6,)}
FIVER = provider("fiver", offers={Mode.TEXT: FIVES, Mode.FIRST: FIVES})
SIXER = provider("sixer", offers={Mode.TEXT: SIXES, Mode.FIRST: {**SIXES, "512p": (6, 10)}})
HERE, DEFAULTS = ("shots", 0, "duration"), ("defaults", "duration")
CUT_PLACE = {"cut": ("shots", 0, "cut")}


def cut(end: str, start: str = "0", **members: Any) -> Shot:
    """A shot with a cut and no duration of its own; 6 s by the schema's default."""
    return shot("a", cut=Cut(start=Decimal(start), end=Decimal(end)), **{"places": CUT_PLACE, **members})


def by_default(end: str, duration: Duration) -> Shot:
    return cut(end, duration=duration, places={**CUT_PLACE, "duration": DEFAULTS})


def own(end: str, duration: Duration) -> Shot:
    return cut(end, duration=duration, places={**CUT_PLACE, "duration": HERE})


def bought(of: Shot, *providers: Provider) -> CutLengths:
    return buy_cuts((of,), HAILUO_02, lambda _: providers or (SIXER,))


def length(of: Shot, *providers: Provider) -> Duration:
    found = bought(of, *providers)
    assert found.problems == ()
    return found.shots[0].duration


@pytest.mark.parametrize(
    ("of", "duration"),
    [
        (cut("0.5"), "short"),
        (cut("3.5"), "short"),
        (cut("5"), "short"),
        (cut("5.001"), 6),
        (cut("6"), 6),
        (cut("6.4"), "long"),
        (cut("10"), "long"),
        (cut("6.4", "6"), "long"),  # where it ends decides, and not how long it is
        (cut("3.5", resolution="1080p"), "short"),
        (cut("5.5", resolution="1080p"), 6),
        (cut("3.5", frames=PICTURE, resolution="512p"), "short"),
        # What the defaults say stays, where it holds the cut and nothing shorter would.
        (by_default("3.5", 6), 6),
        (by_default("5.5", 6), 6),
        (by_default("6.4", 6), "long"),
        (by_default("3.5", "short"), "short"),
        (by_default("5.5", "short"), 6),
        (by_default("3.5", 10), "short"),
        (by_default("5.5", "long"), 6),
        (by_default("8", 10), 10),
        (by_default("8", "long"), "long"),
        # What the shot writes beside its cut is bought.
        (own("3.5", 10), 10),
        (own("5", "short"), "short"),
        (own("6", 6), 6),
    ],
)
def test_the_shortest_length_that_holds_the_cut_is_bought(of: Shot, duration: Duration) -> None:
    assert length(of) == duration


def test_a_length_that_only_a_provider_lists_is_bought_where_the_model_makes_none() -> None:
    assert length(cut("8", resolution="1080p"), SIXER, FIVER) == 10


@pytest.mark.parametrize(
    ("of", "providers", "why", "remedy"),
    [
        (
            cut("10.8"), (FIVER, SIXER), 'shot "a" is cut at 10.8 s; at 768p, fiver and sixer sell 10 s at most.',
            "Split the shot: write the rest as a shot whose first frame is the last frame of this one.",
        ),
        (
            cut("8", resolution="1080p"), (SIXER,), 'shot "a" is cut at 8 s; at 1080p, sixer sells 6 s at most.',
            "Split the shot: write the rest as a shot whose first frame is the last frame of this one.",
        ),
        (
            cut("6"), (FIVER,),
            'shot "a" is cut at 6 s, for which 6 s is bought; of what holds the cut, fiver sells 10 s only.',
            "Write duration: long, or add a provider that sells 6 s.",
        ),
        (
            own("6.4", 6), (SIXER,), 'shot "a" is cut at 6.4 s, and its duration is 6 s.',
            "End the cut earlier, or leave duration out: the cut then says what is bought.",
        ),
        (
            own("5.5", "short"), (SIXER,), 'shot "a" is cut at 5.5 s, and its duration is short, which may be 5 s.',
            "End the cut earlier, or leave duration out: the cut then says what is bought.",
        ),
        (
            cut("2", "2"), (SIXER,), 'shot "a" is cut from 2 s to 2 s.', "Let `out` be later than `in`.",
        ),
        (
            shot("a", duration="6400ms"), (SIXER,), 'shot "a" asks for 6.4 s, and clips are sold in whole seconds.',
            "Write cut: 6.4 instead: 10 s is bought.",
        ),
        (
            shot("a", duration="500ms", duration_path=("defaults", "duration")), (SIXER,),
            'shot "a" asks for 0.5 s, and clips are sold in whole seconds.',
            "Write a cut at each shot instead, such as cut: 0.5.",
        ),
        (
            own("3", "3500ms"), (SIXER,), 'shot "a" asks for 3.5 s, and clips are sold in whole seconds.',
            "Leave duration out: the cut says what is bought.",
        ),
    ],
)  # fmt: skip
def test_a_cut_that_nothing_holds_is_a_problem_with_the_way_out(
    of: Shot, providers: Sequence[Provider], why: str, remedy: str
) -> None:
    found = bought(of, *providers)
    assert [(each.rule, each.why, each.remedy) for each in found.problems] == [(rules.CUT_LENGTH, why, remedy)]
    assert found.sellable == ()
    assert len(found.shots) == 1  # others may take their frames from it


ends = st.decimals("0.001", "10", places=3)


@given(ends, st.sampled_from(["512p", "768p", "1080p"]))
def test_no_provider_that_is_added_or_comes_first_changes_what_is_bought(end: Decimal, resolution: str) -> None:
    """A shot that is bought is bought alike from any list of providers."""
    mine = cut(str(end), resolution=resolution, frames=PICTURE)
    if resolution == "1080p" and end > 6:
        return  # longer than the model makes: its providers' own lists decide
    lists = [names for size in (1, 2) for names in permutations((FIVER, SIXER), size)]
    found = [bought(mine, *names) for names in lists]
    assert len({each.shots[0].duration for each in found if not each.problems}) <= 1


@pytest.mark.parametrize(
    ("cut_place", "duration_place", "follows"),
    [
        (("shots", 0, "cut"), None, True),
        (("shots", 0, "cut"), ("defaults", "duration"), True),
        (("shots", 0, "cut"), ("sequences", 2, "defaults", "duration"), True),
        (("shots", 0, "cut"), ("shots", 0, "duration"), False),
        (("shots", 0, "cut"), ("shots", 0, "overrides", 0, "duration"), False),
        (("shots", 0, "overrides", 0, "cut"), ("shots", 0, "duration"), True),
        (("shots", 0, "overrides", 0, "cut"), ("shots", 0, "overrides", 0, "duration"), False),
        (("shots", 0, "overrides", 1, "cut"), ("shots", 0, "overrides", 0, "duration"), True),
    ],
)
def test_the_nearest_of_cut_and_duration_says_what_is_bought(
    cut_place: DocumentPath, duration_place: DocumentPath | None, follows: bool
) -> None:
    places = {"cut": cut_place, **({"duration": duration_place} if duration_place else {})}
    assert cut("3", places=places).follows_cut is follows
    assert not shot().follows_cut


@given(ends, ends, st.sampled_from([6, 10, "short", "long"]))
def test_a_cut_changes_no_request_that_holds_it(one: Decimal, other: Decimal, duration: Duration) -> None:
    a, b = (bought(own(str(end), duration)) for end in (one, other))
    if not a.problems and not b.problems:
        assert a.shots[0].duration == b.shots[0].duration == duration


@pytest.mark.parametrize(
    ("of", "duration"), [(cut("4", "0.5"), "3500ms"), (cut("6"), 6), (own("6.4", 6), "6400ms"), (shot("a"), 6)]
)
def test_a_sketch_is_as_long_as_its_cut(of: Shot, duration: Duration) -> None:
    assert draw_cuts((of,)).shots == (replace(of, duration=duration),)


def test_a_list_without_cuts_is_the_same_list() -> None:
    shots = (shot("a"), shot("b"))
    for found in (draw_cuts(shots), buy_cuts(shots, HAILUO_02, lambda _: (SIXER,))):
        assert found.shots is found.sellable is shots
