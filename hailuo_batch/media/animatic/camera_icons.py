"""The fifteen camera commands as icons, drawn from lines and triangles on a square of 24 units.

A straight arrow means that the camera moves, an arc that it turns in place, and the corners of a frame mean the lens.
Independent of where an icon is placed.
"""

from collections.abc import Callable
from math import atan2, cos, pi, sin

from PIL import Image, ImageDraw

from hailuo_batch.core.manifest.camera import CameraCommand

_GRID = 24
_OVERSAMPLING = 4  # icons are drawn this much larger and scaled down, for smooth edges

Point = tuple[float, float]


def icon_mask(command: CameraCommand, pixels: int) -> Image.Image:
    """A mask of the icon, `pixels` square: paste a colour through it."""
    pen = _Pen(pixels * _OVERSAMPLING)
    _ICONS[command](pen)
    return pen.mask.resize((pixels, pixels), Image.Resampling.LANCZOS)


def disc_mask(pixels: int) -> Image.Image:
    """A mask of the round background of an icon."""
    pen = _Pen(pixels * _OVERSAMPLING)
    pen.dot((_GRID / 2, _GRID / 2), _GRID / 2)
    return pen.mask.resize((pixels, pixels), Image.Resampling.LANCZOS)


class _Pen:
    """Draws on a grid of 24 by 24 with one weight of line."""

    def __init__(self, pixels: int) -> None:
        self.mask = Image.new("L", (pixels, pixels))
        self._draw = ImageDraw.Draw(self.mask)
        self._unit = pixels / _GRID
        self._weight = max(1, round(2 * self._unit))

    def line(self, *points: Point) -> None:
        at = [(x * self._unit, y * self._unit) for x, y in points]
        self._draw.line(at, fill=255, width=self._weight, joint="curve")
        for x, y in at:  # round ends
            half = self._weight / 2
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=255)

    def arrow_head(self, tip: Point, towards: Point, size: float = 6.2) -> None:
        """A solid arrow head with its tip at a point, in a direction."""
        angle = atan2(towards[1], towards[0])
        corners = [tip]
        for side in (-1, 1):
            back = angle + pi + side * 0.56
            corners.append((tip[0] + size * cos(back), tip[1] + size * sin(back)))
        self._draw.polygon([(x * self._unit, y * self._unit) for x, y in corners], fill=255)

    def arrow(self, start: Point, tip: Point) -> None:
        way = (tip[0] - start[0], tip[1] - start[1])
        length = max(abs(way[0]), abs(way[1]))
        self.line(start, (tip[0] - way[0] / length * 3, tip[1] - way[1] / length * 3))
        self.arrow_head(tip, way)

    def dot(self, centre: Point, radius: float) -> None:
        x, y, r = (value * self._unit for value in (*centre, radius))
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=255)

    def arc(self, centre: Point, radius: float, start: float, end: float) -> Point:
        """An arc in degrees, clockwise from three o'clock; where it ends."""
        steps = [start + (end - start) * step / 24 for step in range(25)]
        points = [(centre[0] + radius * cos(a * pi / 180), centre[1] + radius * sin(a * pi / 180)) for a in steps]
        self.line(*points)
        return points[-1]

    def rotate(self, quarter: int, *, flipped: bool) -> None:
        """Turn what is drawn so far clockwise by quarters, or mirror it left to right."""
        if flipped:
            self.mask = self.mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for _ in range(quarter):
            self.mask = self.mask.transpose(Image.Transpose.ROTATE_270)


def _truck(pen: _Pen) -> None:
    pen.line((3, 18), (21, 18))  # the rail
    pen.arrow((3, 9), (22, 9))


def _pan(pen: _Pen) -> None:
    pen.dot((12, 19), 2.4)  # the tripod, seen from above
    end = pen.arc((12, 19), 12, 205, 318)
    pen.arrow_head((end[0] + 2.6, end[1] + 3.0), (1, 1.1), 6)


def _push(pen: _Pen) -> None:
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        pen.arrow((12 + 10 * x, 12 + 10 * y), (12 + 2.5 * x, 12 + 2.5 * y))


def _pull(pen: _Pen) -> None:
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        pen.arrow((12 + 2.5 * x, 12 + 2.5 * y), (12 + 10.5 * x, 12 + 10.5 * y))


def _corners(pen: _Pen) -> None:
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        edge_x, edge_y = 12 + 10 * x, 12 + 9 * y
        pen.line((edge_x - 5 * x, edge_y), (edge_x, edge_y), (edge_x, edge_y - 5 * y))


def _zoom_in(pen: _Pen) -> None:
    _corners(pen)
    pen.line((12, 8), (12, 16))
    pen.line((8, 12), (16, 12))


def _zoom_out(pen: _Pen) -> None:
    _corners(pen)
    pen.line((8, 12), (16, 12))


def _shake(pen: _Pen) -> None:
    pen.line((2, 12), (5, 5), (9, 19), (13, 5), (17, 19), (20, 9), (22, 12))


def _follow(pen: _Pen) -> None:
    pen.dot((7, 12), 4)
    pen.arrow((13, 12), (23, 12))
    pen.line((2, 20), (21, 20))
    pen.line((2, 4), (21, 4))


def _static(pen: _Pen) -> None:
    pen.line((3, 5), (21, 5), (21, 19), (3, 19), (3, 5))
    pen.dot((12, 12), 2.6)


def _transform(draw: Callable[[_Pen], None], quarter: int = 0, *, flipped: bool = False) -> Callable[[_Pen], None]:
    """The same icon turned or mirrored."""

    def drawn(pen: _Pen) -> None:
        draw(pen)
        pen.rotate(quarter, flipped=flipped)

    return drawn


_ICONS: dict[CameraCommand, Callable[[_Pen], None]] = {
    CameraCommand.TRUCK_RIGHT: _truck,
    CameraCommand.TRUCK_LEFT: _transform(_truck, flipped=True),
    CameraCommand.PEDESTAL_UP: _transform(_truck, 3),
    CameraCommand.PEDESTAL_DOWN: _transform(_truck, 3, flipped=True),
    CameraCommand.PAN_RIGHT: _pan,
    CameraCommand.PAN_LEFT: _transform(_pan, flipped=True),
    CameraCommand.TILT_UP: _transform(_pan, 1, flipped=True),
    CameraCommand.TILT_DOWN: _transform(_pan, 1),
    CameraCommand.PUSH_IN: _push,
    CameraCommand.PULL_OUT: _pull,
    CameraCommand.ZOOM_IN: _zoom_in,
    CameraCommand.ZOOM_OUT: _zoom_out,
    CameraCommand.SHAKE: _shake,
    CameraCommand.TRACKING_SHOT: _follow,
    CameraCommand.STATIC_SHOT: _static,
}
