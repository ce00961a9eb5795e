"""Frames by web address → digests, by what is known of the addresses. Does no I/O.

What is behind an address is not the user's own: what is wrong with it holds back the shots that want it, and no other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import UrlFrame
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.image_limits import Size
from hailuo_batch.core.providers.image_traits import PERSONAL_TRAITS, parse_traits
from hailuo_batch.core.request.remote_image import RemoteImage, RemoteImageFailure
from hailuo_batch.errors import InputError
from hailuo_batch.load.image_checks import describe_misleading_name, describe_traits, refuse_unfit_image
from hailuo_batch.values import dataclass

_HTTPS_ADDRESS = re.compile(r"https://[^\s/]\S*\Z")
_IMAGE_NAME = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|heic|avif|svg)\Z", re.IGNORECASE)
_DIGEST_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImages:
    """What is known of web addresses: the pictures (`known`), why some gave none (`failures`), which were just fetched.

    `folder` holds the bytes of pictures by digest.
    """

    known: Mapping[str, RemoteImage] = field(default_factory=dict)
    failures: Mapping[str, RemoteImageFailure] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    folder: Path | None = None

    def find_file(self, digest: str, length: int | None = None) -> Path | None:
        """Where a picture's bytes are, if they are on this machine."""
        if self.folder is None:
            return None
        file = self.folder / digest.removeprefix(_DIGEST_PREFIX)
        try:
            found = file.lstat()
        except OSError:
            return None
        return file if S_ISREG(found.st_mode) and length in {None, found.st_size} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImageRecord:
    """A picture on the web by content; its size and its bytes, where they are known here."""

    digest: str
    size: Size | None = None
    file: Path | None = None


def is_https_address(url: str) -> bool:
    """Whether a picture can be fetched from there."""
    return _HTTPS_ADDRESS.match(url) is not None


def find_remote_image(frame: UrlFrame, remote_images: RemoteImages, *, for_gateways: bool) -> RemoteImageRecord | None:
    """The picture behind an address; None when it is not known, or is none that gateways take."""
    if not is_https_address(frame.url):
        return None
    known = remote_images.known.get(frame.url)
    if frame.sha256 is not None:
        return _find_pinned_image(frame, f"{_DIGEST_PREFIX}{frame.sha256}", known, remote_images)
    file = None if known is None else remote_images.find_file(known.digest, known.length)
    if known is not None and (not _unfit_image_error(frame, known) if for_gateways else file):
        return RemoteImageRecord(digest=known.digest, size=known.size, file=file)
    # Drawing fetches nothing: a picture that is not here counts by its address, and is drawn as if not given.
    drawn = RemoteImageRecord(digest=f"address:{sha256(frame.url.encode()).hexdigest()}")
    return None if for_gateways else drawn


def _find_pinned_image(
    frame: UrlFrame, digest: str, known: RemoteImage | None, remote_images: RemoteImages
) -> RemoteImageRecord | None:
    if known is None or known.digest != digest:
        return (
            None
            if frame.url in remote_images.fresh
            else RemoteImageRecord(digest=digest, file=remote_images.find_file(digest))
        )
    return RemoteImageRecord(digest=digest, size=known.size, file=remote_images.find_file(digest, known.length))


def is_gone(frame: UrlFrame, remote_images: RemoteImages) -> bool:
    """Whether a gateway, too, would find no picture at this address."""
    return frame.sha256 is None and frame.url in remote_images.failures and remote_images.failures[frame.url].gone


def check_remote_frame(frame: UrlFrame, remote_images: RemoteImages, *, for_gateways: bool) -> Iterator[Problem]:
    """What is wrong with an address and with what is behind it."""
    if not is_https_address(frame.url):
        why = f"{quote_text(frame.url)} is no https address."
        yield Problem(rule=rules.FRAME_ADDRESS, why=why, remedy="Use https://, or a file.")
        return
    known, trouble = remote_images.known.get(frame.url), remote_images.failures.get(frame.url)
    if not for_gateways:
        return
    if frame.sha256 is not None:
        if known is not None and frame.url in remote_images.fresh and known.digest != f"{_DIGEST_PREFIX}{frame.sha256}":
            yield _digest_problem(frame, known)
        return
    if trouble is not None:
        yield _fetch_problem(frame, trouble, known)
    if known is not None:
        yield from _check_image(frame, known)


def _check_image(frame: UrlFrame, known: RemoteImage) -> Iterator[Problem]:
    if error := _unfit_image_error(frame, known):
        why = f"{error.why.rstrip('.')}; the shot is held."
        yield Problem(rule=rules.FRAME_WEB.case(error.summary), why=why, remedy=error.remedy)
    name = _public_path(frame.url).rpartition("/")[2]
    if _IMAGE_NAME.search(name) and (said := describe_misleading_name(name, known.kind)):
        yield Problem(rule=rules.FRAME_NAME, why=said, remedy=rules.FRAME_NAME.remedy)
    # What it reveals is on the web already.
    for rule, why in describe_traits(_public_path(frame.url), set(parse_traits(known.traits)) - PERSONAL_TRAITS):
        yield Problem(rule=rule, why=why, remedy=rule.remedy)


def _unfit_image_error(frame: UrlFrame, known: RemoteImage) -> InputError | None:
    try:
        refuse_unfit_image(_public_path(frame.url), length=known.length, size=known.size)
    except InputError as error:
        return error
    return None


def _fetch_problem(frame: UrlFrame, trouble: RemoteImageFailure, known: RemoteImage | None) -> Problem:
    name = quote_text(_public_path(frame.url))
    if known is None:
        why = f"{name} gave no picture: {trouble.why}; the shot is held."
        remedy = "Check the address; or pin it with sha256, or save the picture in the project and name the file."
        return Problem(rule=rules.FRAME_WEB, why=why, remedy=remedy)
    day = datetime.fromtimestamp(known.at, UTC).date()
    sent = ", and sent as a file" * trouble.gone
    why = f"{name} gave no picture: {trouble.why}; the one that was fetched on {day} is used{sent}."
    remedy = "The next plan checks it again; sha256 pins it."
    return Problem(rule=rules.FRAME_WEB.case("web picture not checked"), why=why, remedy=remedy)


def _digest_problem(frame: UrlFrame, known: RemoteImage) -> Problem:
    name, found = quote_text(_public_path(frame.url)), known.digest.removeprefix(_DIGEST_PREFIX)
    why = f"the bytes behind {name} are not those that its sha256 names; theirs is {found}."
    remedy = "Check the picture; then change the sha256, or save the right one in the project and name the file."
    return Problem(rule=rules.FRAME_PINNED, why=why, remedy=remedy)


def _public_path(url: str) -> str:
    """Host and path, as people know a picture; who may see it (a name and password, a signature) is left out."""
    host, slash, path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")
    return host.rpartition("@")[2] + slash + path
