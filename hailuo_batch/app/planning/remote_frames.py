"""Checks images behind web addresses before planning: each address once per command, and only if needed.

A sketch contacts no host, and neither does a manifest with other problems, since nothing of it would be rendered.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.validate import Draft, Validation, make_remote_images, read_draft, validate_draft
from hailuo_batch.core.manifest.document import NO_FRAMES, UrlFrame
from hailuo_batch.core.request.remote_image import RemoteImage, RemoteImageFailure
from hailuo_batch.core.world import World
from hailuo_batch.errors import StoreError
from hailuo_batch.load.cache import write_cached_remote_images
from hailuo_batch.load.remote_frames import RemoteImages, is_https_address
from hailuo_batch.store.state_dir import ensure_state_folder


async def validate_online(file: Path, *, world: World) -> Validation:
    """What `read` does, and checks every address that is not pinned."""
    draft = read_draft(file, world=world)
    addresses = () if draft.has_errors or draft.model.is_local else _unpinned_urls(draft)
    return validate_draft(
        draft, await _refresh_addresses(draft, make_remote_images(draft), addresses) if addresses else None
    )


def _unpinned_urls(draft: Draft) -> tuple[str, ...]:
    framed = (shot.frames for shot in draft.shots if shot.frames is not NO_FRAMES)
    frames = (frame for each in framed for frame in (each.first, each.last))
    found = (frame.url for frame in frames if isinstance(frame, UrlFrame) and frame.sha256 is None)
    return tuple(dict.fromkeys(url for url in found if is_https_address(url)))


async def _refresh_addresses(draft: Draft, remote_images: RemoteImages, addresses: tuple[str, ...]) -> RemoteImages:
    assert remote_images.folder is not None  # noqa: S101 - `cached_remote_images` names it
    hidden = draft.workspace.shared_folder
    with suppress(StoreError):  # who then wants to write there says why that cannot be
        ensure_state_folder(hidden, trusted=draft.project.root)
    known = {address: _cached_image(remote_images, address) for address in addresses}
    found = await _fetch(remote_images.folder, known, trusted=draft.project.root)
    seen = {address: each for address, each in found.items() if isinstance(each, RemoteImage)}
    unfetched = {address: each for address, each in found.items() if isinstance(each, RemoteImageFailure)}
    write_cached_remote_images(hidden, seen)
    return replace(remote_images, known={**remote_images.known, **seen}, failures=unfetched, fresh=frozenset(seen))


async def _fetch(
    folder: Path, known: Mapping[str, RemoteImage | None], *, trusted: Path
) -> dict[str, RemoteImage | RemoteImageFailure]:
    """What is behind each address now; where no event loop runs, the network gets one."""
    import asyncio

    from hailuo_batch.drivers.remote_frames import open_remote_images

    async def refresh() -> dict[str, RemoteImage | RemoteImageFailure]:
        async with open_remote_images(folder, trusted=trusted) as frames:
            return await frames.refresh(known)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(refresh())
    return await refresh()


def _cached_image(remote_images: RemoteImages, address: str) -> RemoteImage | None:
    """What is known of an address, if the bytes are here too: else they are fetched again."""
    known = remote_images.known.get(address)
    return known if known is not None and remote_images.find_file(known.digest, known.length) else None
