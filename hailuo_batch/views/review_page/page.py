"""The review page as HTML: the page, the list of its shots, one shot with its takes, and the entrance of a guest.

Everything users write is escaped by the templates. The policy allows our own style and script by their digests, so no
other script runs, whatever a prompt says.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.views.format import safe_lines
from hailuo_batch.views.review_page.values import WorkNow
from hailuo_batch.views.sheet.camera_icons import CAMERA_ICONS, icon_id
from hailuo_batch.views.sheet.page import TEMPLATES, read_template
from hailuo_batch.views.sheet.values import Figure, SheetShot, SheetTake, StateCount

if TYPE_CHECKING:
    from jinja2 import Environment

_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; connect-src 'self'; style-src {style}; "
    "script-src {script}; form-action {form}; base-uri 'none'; frame-ancestors 'none'"
)


class ReviewDrawer:
    """Draws a review page and its parts; the templates are read once.

    A guest decides nothing, and a sketch is not judged.
    """

    def __init__(self, *, can_decide: bool, can_judge: bool) -> None:
        self._environment = _make_environment()
        self._rights = {"can_decide": can_decide, "can_judge": can_decide and can_judge}
        self._style, self._script = read_template("sheet.css") + read_template("review.css"), read_template("review.js")
        self.policy = _POLICY.format(style=_source(self._style), script=_source(self._script), form="'none'")
        self.entrance_policy = _POLICY.format(style=_source(self._style), script="'none'", form="'self'")

    def page(
        self,
        *,
        campaign: str,
        kind: str,
        shots: Sequence[SheetShot],
        figures: Sequence[Figure],
        states: Sequence[StateCount],
        now: WorkNow,
        moment: str,
        form_key: str,
    ) -> str:
        """The whole page; `moment` is what it shows, for the news that follow."""
        return self._draw(
            "review.html",
            campaign=campaign,
            kind=kind,
            shots=shots,
            figures=figures,
            states=states,
            now=now,
            moment=moment,
            form_key=form_key,
            style=self._style,
            script=self._script,
            commands=tuple(CameraCommand),
            drawings=CAMERA_ICONS,
            used=used_take,
        )

    def entrance(self, *, message: str) -> str:
        """The page on which a guest writes the password; it names no campaign."""
        return self._draw("review_entrance.html", message=message, style=self._style)

    def shot(self, shot: SheetShot, *, shots: int) -> str:
        """One shot with all its takes; `shots` is how many there are."""
        return self._draw("review_shot.html", shot=shot, shots=shots)

    def entries(self, shots: Iterable[SheetShot]) -> dict[str, str]:
        """The entries of shots in the page's list, by shot."""
        macro = self._environment.get_template("review_parts.html").module
        return {shot.id: str(macro.entry(shot, used_take(shot))) for shot in shots}  # type: ignore[attr-defined]

    def status(self, figures: Sequence[Figure], states: Sequence[StateCount], now: WorkNow) -> str:
        """What the page's head says of the work."""
        macro = self._environment.get_template("review_parts.html").module
        return str(macro.status(figures, states, now))  # type: ignore[attr-defined]

    def _draw(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(icon_id=icon_id, **self._rights, **values)


def used_take(shot: SheetShot) -> SheetTake | None:
    """The take whose poster stands for a shot: the selected one, else the first with a clip."""
    takes = [take for take in shot.takes if take.clip]
    return next((take for take in takes if take.is_selected), takes[0] if takes else None)


def _make_environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_safe_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _safe_value(value: object) -> object:
    """Text without what would turn a page's text around; jinja escapes it after this."""
    return safe_lines(value) if type(value) is str else value


def _source(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
