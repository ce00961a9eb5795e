from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.providers.image_limits import SHORTEST_SIDE, TALLEST, WIDEST, alike, cut_to

sides = st.integers(SHORTEST_SIDE + 1, 8000)
sizes = st.tuples(sides, sides).filter(lambda size: TALLEST <= Fraction(*size) <= WIDEST)


@pytest.mark.parametrize(
    ("last", "same"), [((1280, 720), True), ((640, 361), True), ((320, 180), True), ((640, 400), False)]
)
def test_rounding_makes_no_other_shape(last: tuple[int, int], same: bool) -> None:
    assert alike((640, 360), last) is alike(last, (640, 360)) is same


@given(first=sizes, last=sizes)
def test_what_is_cut_lies_in_the_picture_and_gateways_take_it(first: tuple[int, int], last: tuple[int, int]) -> None:
    cut = cut_to(first, last)
    if cut is None:
        return
    assert cut != last
    assert (cut[0] == last[0], cut[1] == last[1]).count(True) == 1, "no more is cut than must be"
    assert cut[0] <= last[0]
    assert cut[1] <= last[1]
    assert min(cut) > SHORTEST_SIDE
    assert TALLEST <= Fraction(*cut) <= WIDEST
    assert alike(first, cut)


def test_nothing_is_cut_where_nothing_differs_or_too_little_would_be_left() -> None:
    assert cut_to((1280, 720), (640, 361)) is None
    assert cut_to((360, 640), (640, 360)) is None
    assert cut_to((640, 360), (640, 640)) == (640, 360)


def test_the_shape_at_the_limit_is_not_overstepped_by_rounding() -> None:
    assert cut_to((1000, 400), (801, 801)) == (801, 321)
    assert cut_to((400, 1000), (801, 801)) == (321, 801)
