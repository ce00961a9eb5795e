"""Who owns the images of a shot list, and what is to be said of it: dates that are none, and warnings.

A warning stops nothing, since who may use an image is decided by people. A frame of another shot's clip has no rights
of its own.
"""

from collections.abc import Callable, Iterator, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, Rights, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.redaction import redact_text
from hailuo_batch.values import dataclass

# How many days ago a day (`2027-12-31`) was, below 0 in the future; None where the calendar has no such day.
DaysSince = Callable[[str], int | None]
_SHOWN = 5  # images that one warning names


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRights:
    """The rights of one image of a shot: as which frame it stands, and how the manifest names it."""

    frame: str
    image: str
    rights: Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImageUse:
    """One place where a shot names an image."""

    shot: Shot
    end: str
    image: FileFrame | UrlFrame

    @property
    def path(self) -> DocumentPath:
        """Where the manifest says it."""
        return (*self.shot.places.get("frames", ("shots", self.shot.index, "frames")), self.end)

    @property
    def name(self) -> str:
        """How the manifest names it."""
        return quote_text(_image_name(self.image))


def rights_problems(shots: Sequence[Shot], days_since: DaysSince) -> Iterator[Problem]:
    """What is wrong with the rights of images: each image once, however many shots use it.

    An image without rights is spoken of only where another one of the manifest has them.
    """
    uses = [use for shot in shots if shot.frames is not NO_FRAMES for use in _list_uses(shot)]
    owned = [use for use in uses if use.image.rights is not None]
    if not owned:
        return
    said: dict[FileFrame | UrlFrame, _ImageUse] = {}
    for use in owned:
        first = said.setdefault(use.image, use)
        if first is use:
            yield from _expiry_problems(use, days_since)
        elif first.image.rights != use.image.rights:
            yield _difference_warning(use, first)
    missing = {use.image: use for use in reversed(uses) if use.image not in said}
    if missing:
        yield _missing_warning(list(reversed(missing.values())))


def next_expiry(shots: Sequence[Shot], days_since: DaysSince) -> str:
    """The next day, as `2027-12-31`, after which an image may no longer be used; "" where there is none."""
    days = (
        use.image.rights.expires
        for shot in shots
        if shot.frames is not NO_FRAMES
        for use in _list_uses(shot)
        if use.image.rights is not None
    )
    return min((day for day in days if day and (days_since(day) or 0) <= 0), default="")


def list_rights(shot: Shot) -> tuple[ImageRights, ...]:
    """The rights of a shot's images, where they are written."""
    if shot.frames is NO_FRAMES:
        return ()
    return tuple(
        ImageRights(frame=use.end, image=_image_name(use.image), rights=use.image.rights)
        for use in _list_uses(shot)
        if use.image.rights is not None
    )


def _image_name(image: FileFrame | UrlFrame) -> str:
    return image.path if isinstance(image, FileFrame) else redact_text(image.url)


def _list_uses(shot: Shot) -> Iterator[_ImageUse]:
    for end, frame in (("first", shot.frames.first), ("last", shot.frames.last)):
        if frame is not None and not isinstance(frame, ShotFrame):
            yield _ImageUse(shot=shot, end=end, image=frame)


def _expiry_problems(use: _ImageUse, days_since: DaysSince) -> Iterator[Problem]:
    rights = use.image.rights or Rights()
    days = days_since(rights.expires) if rights.expires else 0
    path = (*use.path, "rights", "expires")
    if days is None:
        why = f"rights.expires is {quote_text(rights.expires)}, and the calendar has no such day."
        yield Problem(rule=rules.FORM, why=why, remedy="Write year-month-day: 2027-12-31.", path=path)
    elif days > 0:
        ago = f"{days:,} day{'s' * (days != 1)} ago"
        why = f'shot "{use.shot.id}": the rights to {use.name} expired on {rights.expires}, {ago}.'
        remedy = f"Renew them{_owner_phrase(rights)}, or use another image."
        yield Problem(rule=rules.RIGHTS_EXPIRED, why=why, remedy=remedy, path=path)


def _owner_phrase(rights: Rights) -> str:
    return f" with {rights.owner}" if rights.owner else ""


def _difference_warning(use: _ImageUse, first: _ImageUse) -> Problem:
    why = f'shot "{use.shot.id}": {use.name} has other rights here than in shot "{first.shot.id}".'
    remedy = "Write the same rights in both places."
    return Problem(rule=rules.RIGHTS_DIFFER, why=why, remedy=remedy, path=(*use.path, "rights"))


def _missing_warning(uses: Sequence[_ImageUse]) -> Problem:
    names = ", ".join(use.name for use in uses[:_SHOWN])
    more = f" and {len(uses) - _SHOWN:,} more" if len(uses) > _SHOWN else ""
    why = f"other images of this manifest have rights, and {names}{more} {'has' if len(uses) == 1 else 'have'} none."
    remedy = "Write who owns each:  first: {file: a.png, rights: {owner: Acme Photo}}"
    return Problem(rule=rules.RIGHTS_MISSING, why=why, remedy=remedy, path=uses[0].path)
