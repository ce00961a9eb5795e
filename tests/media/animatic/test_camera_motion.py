from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.media.animatic.camera_motion import (
    FPS,
    WHOLE,
    Window,
    camera_path,
    common_area,
    ease_glide,
    ease_swing,
)

groups = st.lists(st.lists(st.sampled_from(list(CameraCommand)), min_size=1, max_size=4), max_size=30)
EDGE = 1e-9


def middle(window: Window) -> tuple[float, float]:
    return window.left + window.span / 2, window.top + window.span / 2


def step(a: Window, b: Window) -> float:
    return max(abs(a.left - b.left), abs(a.top - b.top), abs(a.span - b.span))


@given(groups, st.sampled_from([1, 5, 6, 10]), st.booleans())
def test_every_frame_shows_a_part_of_the_picture_and_nothing_beside_it(
    moves: list[list[CameraCommand]], seconds: int, drift: bool
) -> None:
    windows = camera_path(moves, seconds, drift=drift)
    assert len(windows) == seconds * FPS
    for window in windows:
        assert 0.4 < window.span <= 1 + EDGE
        assert -EDGE <= window.left <= 1 - window.span + EDGE
        assert -EDGE <= window.top <= 1 - window.span + EDGE


@given(
    st.lists(
        st.lists(st.sampled_from(list(CameraCommand)), min_size=1, max_size=3, unique=True), min_size=1, max_size=4
    )
)
def test_no_frame_jumps_from_the_one_before(moves: list[list[CameraCommand]]) -> None:
    assert max(step(a, b) for a, b in pairwise(camera_path(moves, 6, drift=False))) < 0.03


@pytest.mark.parametrize("command", [CameraCommand.PUSH_IN, CameraCommand.ZOOM_IN])
def test_coming_nearer_begins_on_the_whole_picture(command: CameraCommand) -> None:
    windows = camera_path([[command]], 6, drift=False)
    assert windows[0].span == pytest.approx(1)
    assert windows[-1].span < 0.85


@pytest.mark.parametrize("command", [CameraCommand.PULL_OUT, CameraCommand.ZOOM_OUT])
def test_going_away_ends_on_the_whole_picture(command: CameraCommand) -> None:
    windows = camera_path([[command]], 6, drift=False)
    assert windows[-1].span == pytest.approx(1)
    assert windows[0].span < 0.85


def test_without_a_command_a_card_stands_and_a_still_creeps() -> None:
    assert set(camera_path([], 6, drift=False)) == {WHOLE}
    windows = camera_path([], 6, drift=True)
    assert 0.97 < windows[-1].span < 0.99


def test_commands_of_one_bracket_act_together() -> None:
    first, *_, last = camera_path([[CameraCommand.TRUCK_LEFT, CameraCommand.PEDESTAL_UP]], 6, drift=False)
    assert middle(last)[0] < middle(first)[0] - 0.08
    assert middle(last)[1] < middle(first)[1] - 0.08


def test_brackets_act_in_turn_over_equal_parts() -> None:
    windows = camera_path(
        [[CameraCommand.TRUCK_LEFT], [CameraCommand.STATIC_SHOT], [CameraCommand.PEDESTAL_DOWN]], 6, drift=False
    )
    third = len(windows) // 3
    assert middle(windows[third])[0] < middle(windows[0])[0] - 0.05
    assert step(windows[third + 1], windows[2 * third - 1]) == 0
    assert middle(windows[-1])[1] > middle(windows[2 * third])[1] + 0.05
    assert middle(windows[-1])[0] == pytest.approx(middle(windows[third + 1])[0])


def test_opposite_commands_cancel() -> None:
    windows = camera_path([[CameraCommand.TRUCK_LEFT, CameraCommand.TRUCK_RIGHT]], 6, drift=False)
    assert all(step(window, WHOLE) < EDGE for window in windows)


def test_a_shake_trembles_and_comes_back() -> None:
    windows = camera_path([[CameraCommand.SHAKE]], 6, drift=False)
    places = [middle(window)[0] for window in windows]
    turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(places, places[1:], places[2:], strict=False))
    assert turns > 15
    assert places[0] == pytest.approx(places[-1], abs=1e-6)


def test_a_longer_shot_moves_further() -> None:
    def reach(seconds: int) -> float:
        windows = camera_path([[CameraCommand.TRUCK_LEFT]], seconds, drift=False)
        return middle(windows[0])[0] - middle(windows[-1])[0]

    assert reach(10) > 1.2 * reach(5)


@pytest.mark.parametrize("ease", [ease_glide, ease_swing])
def test_an_ease_starts_and_ends_at_rest(ease: Callable[[float], float]) -> None:
    assert ease(0.0) == 0
    assert ease(1.0) == pytest.approx(1)
    assert ease(0.5) == pytest.approx(0.5)
    assert ease(0.01) < 0.005


def test_what_every_frame_shows_lies_inside_each_of_them() -> None:
    windows = camera_path([[CameraCommand.TRUCK_LEFT, CameraCommand.ZOOM_IN]], 6, drift=False)
    left, top, right, bottom = common_area(windows)
    assert 0 < right - left < 1
    assert all(window.left <= left and window.left + window.span >= right for window in windows)
    assert all(window.top <= top and window.top + window.span >= bottom for window in windows)
