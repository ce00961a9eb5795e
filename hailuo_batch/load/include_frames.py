"""Paths of frames in included files: each begins at the folder of the file that writes it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, Frame, Frames, Manifest, ShotEntry
from hailuo_batch.load.sources import Source


def move_frames(manifest: Manifest, writers: Sequence[Source], main: Source) -> Manifest:
    """The manifest of `main`, whose frames know their folders; `writers` are the files of its shots, one for each."""
    folders = {source: _folder_from(main, source) for source in set(writers)}
    moved = tuple(
        _move_entry(entry, folder) if (folder := folders[source]) else entry
        for entry, source in zip(manifest.shots, writers, strict=True)
    )
    return replace(manifest, shots=moved)


def _folder_from(main: Source, source: Source) -> str:
    """The folder of a file by its path from the manifest's; empty where they are one."""
    here, there = main.file.parent, source.file.parent
    return "" if here == there else Path(os.path.relpath(there, here)).as_posix()


def _move_entry(entry: ShotEntry, folder: str) -> ShotEntry:
    if entry.frames is NO_FRAMES and not entry.overrides:
        return entry
    changed = tuple(
        each if each.frames is None else replace(each, frames=_move_ends(each.frames, folder))
        for each in entry.overrides
    )
    return replace(entry, frames=_move_ends(entry.frames, folder), overrides=changed)


def _move_ends(frames: Frames, folder: str) -> Frames:
    if frames is NO_FRAMES:
        return frames
    return Frames(first=_move_frame(frames.first, folder), last=_move_frame(frames.last, folder))


def _move_frame(frame: Frame | None, folder: str) -> Frame | None:
    return replace(frame, folder=folder) if isinstance(frame, FileFrame) else frame
