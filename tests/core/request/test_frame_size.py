import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.request.frame_size import SHORT_SIDES, frame_size


@pytest.mark.parametrize(("resolution", "size"), [("512p", (910, 512)), ("768p", (1366, 768)), ("1080p", (1920, 1080))])
def test_without_a_picture_the_frame_is_sixteen_to_nine(resolution: str, size: tuple[int, int]) -> None:
    assert frame_size(resolution) == size


def test_a_portrait_stands_on_its_short_side() -> None:
    assert frame_size("768p", 9, 16) == (768, 1366)


@given(st.sampled_from(sorted(SHORT_SIDES)), st.integers(1, 10_000), st.integers(1, 10_000))
def test_both_sides_are_even_and_the_short_one_is_the_resolution(resolution: str, wide: int, high: int) -> None:
    width, height = frame_size(resolution, wide, high)
    assert min(width, height) == SHORT_SIDES[resolution]
    assert width % 2 == height % 2 == 0
    assert (width >= height) == (wide >= high) or width == height


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_the_shape_is_kept_to_one_pixel(wide: int, high: int) -> None:
    width, height = frame_size("768p", wide, high)
    assert abs(max(width, height) - 768 * max(wide, high) / min(wide, high)) <= 1


def test_a_shape_without_a_side_is_refused() -> None:
    with pytest.raises(ValueError, match="no shape"):
        frame_size("768p", 0, 9)
