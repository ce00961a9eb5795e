"""The path of the camera through a sketch: which part of the picture each frame shows.

Pure arithmetic on fractions of the picture, independent of pixels, files and content. The picture
and the frame have the same shape, so one number, the span, gives both sides of a window.
"""

from collections.abc import Callable, Sequence
from math import cos, exp, log, pi, sin

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.values import dataclass

FPS = 24
_MAX_ZOOM = 1.9  # the closest framing: beyond it, a still of the frame's own size is blurred
_DRIFT_ZOOM = 0.02  # without a command the camera pushes in by two per cent, which is hardly visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a picture that one frame shows, in fractions of the picture: 0, 0, 1 is all of it."""

    left: float
    top: float
    span: float


WHOLE = Window(left=0.0, top=0.0, span=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """How far the camera has gone: right and down in frame widths and heights, nearer as a logarithm of scale."""

    x: float = 0.0
    y: float = 0.0
    log_scale: float = 0.0

    def __add__(self, other: "Offset") -> "Offset":
        """Both moves together."""
        return Offset(x=self.x + other.x, y=self.y + other.y, log_scale=self.log_scale + other.log_scale)


Move = Callable[[float, float, float], Offset]


def ease_glide(u: float, ramp: float = 0.22) -> float:
    """0 to 1 at a steady speed with soft ends, as a dolly moves; `ramp` is the part spent speeding up."""
    top_speed = 1 / (1 - ramp)
    if u < ramp:
        return top_speed * u * u / (2 * ramp)
    if u > 1 - ramp:
        return 1 - top_speed * (1 - u) ** 2 / (2 * ramp)
    return top_speed * (u - ramp / 2)


def ease_swing(u: float) -> float:
    """0 to 1 as a tripod head turns: slow, fast in the middle, slow."""
    return (1 - cos(pi * u)) / 2


def _distance(seconds: float, *, per_second: float, limit: float) -> float:
    """How far a move goes in its time: in a longer shot it goes further, and not only slower."""
    return min(limit, per_second * seconds + per_second)


def _slide(x: float, y: float) -> Move:
    """Truck and pedestal: the camera itself moves, at a steady speed."""

    def move(u: float, seconds: float, gain: float) -> Offset:
        way = ease_glide(u) * gain * _distance(seconds, per_second=0.026, limit=0.24)
        return Offset(x=x * way, y=y * way)

    return move


def _turn(x: float, y: float) -> Move:
    """Pan and tilt: the camera turns in place, further than it could move, and eases in and out."""

    def move(u: float, seconds: float, gain: float) -> Offset:
        way = ease_swing(u) * gain * _distance(seconds, per_second=0.034, limit=0.30)
        return Offset(x=x * way, y=y * way)

    return move


def _dolly(direction: int) -> Move:
    """Push in and pull out: the camera comes nearer, so a flat picture grows faster the closer it is."""

    def move(u: float, seconds: float, gain: float) -> Offset:
        gone = 1 - exp(-gain * _distance(seconds, per_second=0.042, limit=0.36))
        at = ease_glide(u) if direction > 0 else 1 - ease_glide(u)
        grown = -log(1 - gone * at)
        return Offset(log_scale=grown if direction > 0 else grown + log(1 - gone))

    return move


def _zoom(direction: int) -> Move:
    """Zoom in and out: the lens turns, so the scale changes by the same factor every second."""

    def move(u: float, seconds: float, gain: float) -> Offset:
        return Offset(log_scale=direction * ease_swing(u) * gain * _distance(seconds, per_second=0.052, limit=0.42))

    return move


def _shake(u: float, seconds: float, gain: float) -> Offset:
    """A hand-held camera: two independent tremors per axis, always the same, which fade in and out."""
    t = u * seconds
    hold = gain * min(1.0, sin(pi * u) * 4)
    return Offset(
        x=hold * (0.0060 * sin(2 * pi * 1.7 * t) + 0.0035 * sin(2 * pi * 4.3 * t + 1.1)),
        y=hold * (0.0085 * sin(2 * pi * 2.3 * t + 0.4) + 0.0050 * sin(2 * pi * 5.1 * t + 2.6)),
    )


def _follow(u: float, seconds: float, gain: float) -> Offset:
    """A tracking shot: the camera follows a subject that walks to the right, and comes a little nearer."""
    way = ease_glide(u, 0.35) * gain
    return Offset(x=way * _distance(seconds, per_second=0.016, limit=0.15), log_scale=0.04 * way)


def _hold(_u: float, _seconds: float, _gain: float) -> Offset:
    return Offset()


def _drift(u: float, _seconds: float, _gain: float) -> Offset:
    return Offset(log_scale=_DRIFT_ZOOM * ease_glide(u, 0.1))


_MOVES: dict[CameraCommand, Move] = {
    CameraCommand.TRUCK_LEFT: _slide(-1, 0),
    CameraCommand.TRUCK_RIGHT: _slide(1, 0),
    CameraCommand.PEDESTAL_UP: _slide(0, -1),
    CameraCommand.PEDESTAL_DOWN: _slide(0, 1),
    CameraCommand.PAN_LEFT: _turn(-1, 0),
    CameraCommand.PAN_RIGHT: _turn(1, 0),
    CameraCommand.TILT_UP: _turn(0, -1),
    CameraCommand.TILT_DOWN: _turn(0, 1),
    CameraCommand.PUSH_IN: _dolly(1),
    CameraCommand.PULL_OUT: _dolly(-1),
    CameraCommand.ZOOM_IN: _zoom(1),
    CameraCommand.ZOOM_OUT: _zoom(-1),
    CameraCommand.SHAKE: _shake,
    CameraCommand.TRACKING_SHOT: _follow,
    CameraCommand.STATIC_SHOT: _hold,
}


def camera_path(groups: Sequence[Sequence[CameraCommand]], seconds: float, *, drift: bool) -> tuple[Window, ...]:
    """One window a frame: the groups act in turn over equal parts, each from where the one before it stopped.

    The framing is as wide as the whole path allows, so a push in starts on the full picture and a pull out ends on it.
    """
    moves = [[_MOVES[command] for command in group] for group in groups] or ([[_drift]] if drift else [[_hold]])
    gain = 1.0
    for _ in range(4):  # a prompt may hold dozens of brackets; their sum is scaled until it fits the picture
        offsets = _frame_offsets(moves, seconds, gain)
        windows, deepest = _fit_windows(offsets)
        if deepest <= _MAX_ZOOM:
            break
        gain *= log(_MAX_ZOOM) / log(deepest)
    return windows


def count_frames(seconds: float) -> int:
    """How many frames a sketch of this length has: at least one.

    >>> count_frames(6), count_frames(6.4), count_frames(0.5), count_frames(0.001)
    (144, 154, 12, 1)
    """
    return max(1, int(seconds * FPS + 0.5))


def _frame_offsets(moves: Sequence[Sequence[Move]], seconds: float, gain: float) -> list[Offset]:
    frames, part = count_frames(seconds), seconds / len(moves)

    def together(group: Sequence[Move], u: float) -> Offset:
        return sum((move(u, part, gain) for move in group), Offset())

    starts = [Offset()]
    for group in moves:
        starts.append(starts[-1] + together(group, 1.0))
    offsets = []
    for frame in range(frames):
        at = frame / max(1, frames - 1) * len(moves)
        turn = min(int(at), len(moves) - 1)
        offsets.append(starts[turn] + together(moves[turn], at - turn))
    return offsets


def _fit_windows(offsets: Sequence[Offset]) -> tuple[tuple[Window, ...], float]:
    """The widest windows that keep the whole path inside the picture, and the scale of the closest one."""
    half = [exp(-offset.log_scale) / 2 for offset in offsets]
    left, right, top, bottom = (
        min(o.x - h for o, h in zip(offsets, half, strict=True)),
        max(o.x + h for o, h in zip(offsets, half, strict=True)),
        min(o.y - h for o, h in zip(offsets, half, strict=True)),
        max(o.y + h for o, h in zip(offsets, half, strict=True)),
    )
    room = max(right - left, bottom - top)
    # What one direction does not need is split equally between both sides.
    spare_x, spare_y = (1 - (right - left) / room) / 2, (1 - (bottom - top) / room) / 2
    windows = tuple(
        Window(left=(o.x - h - left) / room + spare_x, top=(o.y - h - top) / room + spare_y, span=2 * h / room)
        for o, h in zip(offsets, half, strict=True)
    )
    return windows, 1 / min(window.span for window in windows)


def common_area(windows: Sequence[Window]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what every frame shows: text inside it is never cut by the move."""
    return (
        max(window.left for window in windows),
        max(window.top for window in windows),
        min(window.left + window.span for window in windows),
        min(window.top + window.span for window in windows),
    )
