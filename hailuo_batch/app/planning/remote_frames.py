"""Pictures behind web addresses, looked at before a plan is made: each address once a command, and only if it must be.

A sketch asks nobody, and neither does a manifest that has other problems: nothing of it would be rendered.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.validate import Draft, Validation, drafted, judged, web_as_remembered
from hailuo_batch.app.workspace.paths import hidden_folder
from hailuo_batch.core.manifest.document import NO_FRAMES, UrlFrame
from hailuo_batch.core.request.remote_image import Unfetched, WebPicture
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import StoreError
from hailuo_batch.load.cache import remember_addresses
from hailuo_batch.load.remote_frames import Web, is_address
from hailuo_batch.store.state_dir import ensure_hidden


async def read_asking(file: Path, *, sketch: bool) -> Validation:
    """What `read` does, with a look at every address that is not pinned."""
    draft = drafted(file, sketch=sketch)
    addresses = () if draft.stopped or draft.model == ANIMATIC else _unpinned(draft)
    return judged(draft, await _asked(draft, web_as_remembered(draft), addresses) if addresses else None)


def _unpinned(draft: Draft) -> tuple[str, ...]:
    framed = (shot.frames for shot in draft.shots if shot.frames is not NO_FRAMES)
    frames = (frame for each in framed for frame in (each.first, each.last))
    found = (frame.url for frame in frames if isinstance(frame, UrlFrame) and frame.sha256 is None)
    return tuple(dict.fromkeys(url for url in found if is_address(url)))


async def _asked(draft: Draft, web: Web, addresses: tuple[str, ...]) -> Web:
    from hailuo_batch.drivers.remote_frames import web_frames

    assert web.folder is not None  # noqa: S101 - `web_as_remembered` names it
    hidden = hidden_folder(draft.project.root)
    with suppress(StoreError):  # who then wants to write there says why that cannot be
        ensure_hidden(hidden)
    async with web_frames(web.folder) as frames:
        found = await frames.look({address: _whole(web, address) for address in addresses})
    seen = {address: each for address, each in found.items() if isinstance(each, WebPicture)}
    unfetched = {address: each for address, each in found.items() if isinstance(each, Unfetched)}
    remember_addresses(hidden, seen)
    return replace(web, seen={**web.seen, **seen}, unfetched=unfetched, asked=frozenset(seen))


def _whole(web: Web, address: str) -> WebPicture | None:
    """What is known of an address, if the bytes are here too: else they are fetched again."""
    known = web.seen.get(address)
    return known if known is not None and web.file(known.digest, known.length) else None
