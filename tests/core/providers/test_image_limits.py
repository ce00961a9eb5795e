from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.providers.image_limits import MAX_ASPECT, MIN_ASPECT, MIN_SIDE, crop_size, is_same_aspect

sides = st.integers(MIN_SIDE + 1, 8000)
sizes = st.tuples(sides, sides).filter(lambda size: MIN_ASPECT <= Fraction(*size) <= MAX_ASPECT)


@pytest.mark.parametrize(
    ("last", "same"), [((1280, 720), True), ((640, 361), True), ((320, 180), True), ((640, 400), False)]
)
def test_rounding_makes_no_other_shape(last: tuple[int, int], same: bool) -> None:
    assert is_same_aspect((640, 360), last) is is_same_aspect(last, (640, 360)) is same


@given(first=sizes, last=sizes)
def test_what_is_cut_lies_in_the_picture_and_gateways_take_it(first: tuple[int, int], last: tuple[int, int]) -> None:
    cut = crop_size(first, last)
    if cut is None:
        return
    assert cut != last
    assert (cut[0] == last[0], cut[1] == last[1]).count(True) == 1, "no more is cut than must be"
    assert cut[0] <= last[0]
    assert cut[1] <= last[1]
    assert min(cut) > MIN_SIDE
    assert MIN_ASPECT <= Fraction(*cut) <= MAX_ASPECT
    assert is_same_aspect(first, cut)


def test_nothing_is_cut_where_nothing_differs_or_too_little_would_be_left() -> None:
    assert crop_size((1280, 720), (640, 361)) is None
    assert crop_size((360, 640), (640, 360)) is None
    assert crop_size((640, 360), (640, 640)) == (640, 360)


def test_the_shape_at_the_limit_is_not_overstepped_by_rounding() -> None:
    assert crop_size((1000, 400), (801, 801)) == (801, 321)
    assert crop_size((400, 1000), (801, 801)) == (321, 801)
