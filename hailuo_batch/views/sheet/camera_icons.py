"""The fifteen camera commands as SVG, on the grid of 24 units that the icons of sketches have.

A straight arrow means that the camera moves, an arc that it turns in place, and the corners of a frame mean the lens.
"""

from hailuo_batch.core.manifest.camera import CameraCommand

_TRUCK = '<path d="M3 19h18M3 9h17M15 4l5 5-5 5"/>'
_PAN = '<circle cx="12" cy="19" r="1.6"/><path d="M2.5 13.5a11 11 0 0 1 18-1.5M21 6v6.5h-6.5"/>'
_CORNERS = '<path d="M3 8V4h4.5M16.5 4H21v4M21 16v4h-4.5M7.5 20H3v-4"/>'
_PUSH = '<path d="M3 3l6 6M9 4.5V9H4.5M21 3l-6 6M15 4.5V9h4.5M3 21l6-6M9 19.5V15H4.5M21 21l-6-6M15 19.5V15h4.5"/>'
_PULL = '<path d="M9 9L3 3M3 7.5V3h4.5M15 9l6-6M21 7.5V3h-4.5M9 15l-6 6M3 16.5V21h4.5M15 15l6 6M21 16.5V21h-4.5"/>'


def _turn(drawing: str, transform: str) -> str:
    return f'<g transform="{transform}">{drawing}</g>'


_FLIP, _UP, _DOWN = "matrix(-1 0 0 1 24 0)", "rotate(-90 12 12)", "rotate(90 12 12)"
CAMERA_ICONS = {
    CameraCommand.TRUCK_RIGHT: _TRUCK,
    CameraCommand.TRUCK_LEFT: _turn(_TRUCK, _FLIP),
    CameraCommand.PEDESTAL_UP: _turn(_TRUCK, _UP),
    CameraCommand.PEDESTAL_DOWN: _turn(_TRUCK, _DOWN),
    CameraCommand.PAN_RIGHT: _PAN,
    CameraCommand.PAN_LEFT: _turn(_PAN, _FLIP),
    CameraCommand.TILT_UP: _turn(_PAN, f"{_DOWN} {_FLIP}"),
    CameraCommand.TILT_DOWN: _turn(_PAN, _DOWN),
    CameraCommand.PUSH_IN: _PUSH,
    CameraCommand.PULL_OUT: _PULL,
    CameraCommand.ZOOM_IN: f'{_CORNERS}<path d="M12 8v8M8 12h8"/>',
    CameraCommand.ZOOM_OUT: f'{_CORNERS}<path d="M8 12h8"/>',
    CameraCommand.SHAKE: '<path d="M2 12l3-6 4 13 4-14 4 13 3-8 2 2"/>',
    CameraCommand.TRACKING_SHOT: '<circle cx="6.5" cy="12" r="3"/><path d="M12 12h9M17 8l4 4-4 4M3 4.5h18M3 19.5h18"/>',
    CameraCommand.STATIC_SHOT: '<path d="M3 5h18v14H3z"/><circle cx="12" cy="12" r="1.6"/>',
}


def icon_id(command: CameraCommand) -> str:
    """The name of the icon's symbol in the page.

    >>> icon_id(CameraCommand.PUSH_IN)
    'cam-push-in'
    """
    return f"cam-{command.lower().replace(' ', '-')}"
