"""Frames by web address → digests, by what is known of the addresses. Nothing here asks the web.

What is behind an address is not the user's own: what is wrong with it holds back the shots that want it, and no other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from hailuo_batch.core.manifest.document import UrlFrame
from hailuo_batch.core.manifest.interpolate import quoted
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.providers.image_limits import Size
from hailuo_batch.core.request.remote_image import Unfetched, WebPicture
from hailuo_batch.errors import InputError
from hailuo_batch.load.image_checks import LYING, lying_name, refuse_unfit
from hailuo_batch.load.input_values import ON_WEB

_ADDRESS = re.compile(r"https://[^\s/]\S*\Z")
_PICTURE_NAME = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|heic|avif|svg)\Z", re.IGNORECASE)
_SHA256 = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What is known of web addresses: the pictures (`seen`), why some gave none (`unfetched`), which were just asked.

    `folder` holds the bytes of pictures by digest.
    """

    seen: Mapping[str, WebPicture] = field(default_factory=dict)
    unfetched: Mapping[str, Unfetched] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    folder: Path | None = None

    def file(self, digest: str, length: int | None = None) -> Path | None:
        """Where a picture's bytes are, if they are on this machine."""
        if self.folder is None:
            return None
        file = self.folder / digest.removeprefix(_SHA256)
        try:
            there = file.stat().st_size
        except OSError:
            return None
        return file if length is None or length == there else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A picture on the web by content; its size and its bytes, where they are known here."""

    digest: str
    size: Size | None = None
    file: Path | None = None


def is_address(url: str) -> bool:
    """Whether a picture can be asked for there."""
    return _ADDRESS.match(url) is not None


def sighted(frame: UrlFrame, web: Web, *, for_gateways: bool) -> Sighting | None:
    """The picture behind an address; None when it is not known, or is none that gateways take."""
    if not is_address(frame.url):
        return None
    known = web.seen.get(frame.url)
    if frame.sha256 is not None:
        return _pinned(frame, f"{_SHA256}{frame.sha256}", known, web)
    file = None if known is None else web.file(known.digest, known.length)
    if known is not None and (not _unfit(frame, known) if for_gateways else file):
        return Sighting(digest=known.digest, size=known.size, file=file)
    # Drawing fetches nothing: a picture that is not here counts by its address, and is drawn as if not given.
    drawn = Sighting(digest=f"address:{sha256(frame.url.encode()).hexdigest()}")
    return None if for_gateways else drawn


def _pinned(frame: UrlFrame, digest: str, known: WebPicture | None, web: Web) -> Sighting | None:
    if known is None or known.digest != digest:
        return None if frame.url in web.asked else Sighting(digest=digest, file=web.file(digest))
    return Sighting(digest=digest, size=known.size, file=web.file(digest, known.length))


def gone(frame: UrlFrame, web: Web) -> bool:
    """Whether a gateway, too, would find no picture at this address."""
    return frame.sha256 is None and frame.url in web.unfetched and web.unfetched[frame.url].gone


def complaints(frame: UrlFrame, web: Web, *, for_gateways: bool) -> Iterator[Problem]:
    """What is wrong with an address and with what is behind it."""
    if not is_address(frame.url):
        why = f"{quoted(frame.url)} is no https address."
        yield Problem(code="frame-address", summary="address not usable", why=why, remedy="Use https://, or a file.")
        return
    known, trouble = web.seen.get(frame.url), web.unfetched.get(frame.url)
    if not for_gateways:
        return
    if frame.sha256 is not None:
        if known is not None and frame.url in web.asked and known.digest != f"{_SHA256}{frame.sha256}":
            yield _other_bytes(frame, known)
        return
    if trouble is not None:
        yield _not_fetched(frame, trouble, known)
    if known is not None:
        yield from _judged(frame, known)


def _judged(frame: UrlFrame, known: WebPicture) -> Iterator[Problem]:
    if error := _unfit(frame, known):
        why = f"{error.why.rstrip('.')}; the shot is held."
        yield _warning(error.summary, why, error.remedy)
    name = _path(frame.url).rpartition("/")[2]
    if _PICTURE_NAME.search(name) and (said := lying_name(name, known.kind)):
        code, summary, remedy = LYING
        yield Problem(code=code, summary=summary, why=said, remedy=remedy, severity=Severity.WARNING)


def _unfit(frame: UrlFrame, known: WebPicture) -> InputError | None:
    try:
        refuse_unfit(_path(frame.url), length=known.length, size=known.size)
    except InputError as error:
        return error
    return None


def _not_fetched(frame: UrlFrame, trouble: Unfetched, known: WebPicture | None) -> Problem:
    name = quoted(_path(frame.url))
    if known is None:
        why = f"{name} gave no picture: {trouble.why}; the shot is held."
        remedy = "Look at the address; or pin it with sha256, or save the picture in the project and name the file."
        return _warning("web picture not fetched", why, remedy)
    day = datetime.fromtimestamp(known.at, UTC).date()
    sent = ", and sent as a file" * trouble.gone
    why = f"{name} gave no picture: {trouble.why}; the one that was fetched on {day} is used{sent}."
    return _warning("web picture not looked at", why, "The next plan looks again; sha256 pins it.")


def _other_bytes(frame: UrlFrame, known: WebPicture) -> Problem:
    name, found = quoted(_path(frame.url)), known.digest.removeprefix(_SHA256)
    why = f"the bytes behind {name} are not those that its sha256 names; theirs is {found}."
    remedy = "Look at the picture; then change the sha256, or save the right one in the project and name the file."
    return Problem(code="frame-pinned", summary="other picture than the pinned one", why=why, remedy=remedy)


def _warning(summary: str, why: str, remedy: str) -> Problem:
    return Problem(code=ON_WEB, summary=summary, why=why, remedy=remedy, severity=Severity.WARNING)


def _path(url: str) -> str:
    """Host and path, as people know a picture; who may see it (a name and password, a signature) is left out."""
    host, slash, path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")
    return host.rpartition("@")[2] + slash + path
