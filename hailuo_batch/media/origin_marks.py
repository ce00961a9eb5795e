"""Reads the marks of origin in an MP4: C2PA, XMP, and China's label for what AI made. Decodes nothing.

Sources: C2PA specification 2.1, "Embedding manifests into BMFF-based assets"; XMP specification part 3, "MPEG-4";
TC260 practice guide for video files of GB 45438-2025. No byte is trusted: what is damaged counts as no mark.
"""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from hailuo_batch.core.origin import OriginMarks
from hailuo_batch.media.mp4_boxes import UnsoundError, iter_boxes, read_box

XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
MAX_XMP_BYTES = 1_000_000
_MAX_BOXES = 20_000
_MAX_MOOV_BYTES = 16_000_000
_MAX_LABEL_CHARACTERS = 500
_SOURCE_TYPE = re.compile(r"DigitalSourceType(?:\s*=\s*[\"']|>\s*)([^\"'<]{1,200})", re.IGNORECASE)
_AIGC_XMP = re.compile(r"AIGC(?:\s*=\s*[\"']|>\s*)([^<]{1,4000}?)(?:[\"']\s*[/>]|</)", re.DOTALL)
_AIGC_JSON = re.compile(rb"\{[^{}]{0,4000}?\"Label\"[^{}]{0,4000}?\}")
_LABEL_MEMBERS = (
    *("Label", "ContentProducer", "ProduceID", "ReservedCode1"),
    *("ContentPropagator", "PropagateID", "ReservedCode2"),
)


def read_origin_marks(path: Path) -> OriginMarks:
    """The marks in a file; none where it cannot be read as an MP4. Never raises for what the file holds."""
    credentials, xmp, name = 0, "", b""
    label: Mapping[str, str] = {}
    with suppress(OSError, UnsoundError, struct.error, IndexError, ValueError, OverflowError), path.open("rb") as file:
        for kind, body, end in iter_top_boxes(file):
            if kind == b"uuid" and (name := _read(file, body, 16)) == C2PA_UUID:
                credentials += end - body - 16
            elif kind == b"uuid" and name == XMP_UUID and end - body <= MAX_XMP_BYTES:
                xmp += _read(file, body + 16, end - body - 16).decode("utf-8", "replace")
            elif kind == b"moov" and end - body <= _MAX_MOOV_BYTES:
                moov = _read(file, body, end - body)
                label = label or _find_label(moov)
                xmp += _udta_xmp(moov)
    found = _SOURCE_TYPE.search(xmp)
    return OriginMarks(
        content_credentials=credentials,
        source_type=found[1].strip() if found else "",
        aigc=label or _label_in_xmp(xmp),
    )


def iter_top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of the contents of each box at the top level, as far as they are whole."""
    file.seek(0, 2)
    size, at = file.tell(), 0
    for _ in range(_MAX_BOXES):
        if at >= size:
            return
        try:
            kind, body, end = read_box(_read(file, at, 16), at, size)
        except UnsoundError:
            return
        if end > size:
            return
        yield kind, body, end
        at = end


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _find_label(moov: bytes) -> Mapping[str, str]:
    """China's label in the file's metadata: the value of a key AIGC, a JSON object with its seven members."""
    if b"AIGC" not in moov:
        return {}
    for found in _AIGC_JSON.finditer(moov):
        if label := parse_label(found[0].decode("utf-8", "replace")):
            return label
    return {}


def _label_in_xmp(xmp: str) -> Mapping[str, str]:
    from html import unescape

    found = _AIGC_XMP.search(xmp)
    return parse_label(unescape(found[1])) if found else {}


def parse_label(text: str) -> Mapping[str, str]:
    """The members of a label as it is written in JSON; none where it is something else.

    >>> parse_label('{"Label": "1", "ContentProducer": "acme"}')
    {'Label': '1', 'ContentProducer': 'acme'}
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    tree = tree.get("AIGC", tree) if isinstance(tree, dict) else {}
    if not isinstance(tree, dict) or "Label" not in tree:
        return {}
    return {name: str(tree[name])[:_MAX_LABEL_CHARACTERS] for name in _LABEL_MEMBERS if tree.get(name)}


def _udta_xmp(moov: bytes) -> str:
    """XMP where QuickTime files have it: `moov/udta/XMP_`."""
    for kind, start, end in iter_boxes(moov, 0, len(moov)):
        if kind == b"udta":
            for inner, body, after in iter_boxes(moov, start, end):
                if inner == b"XMP_" and after - body <= MAX_XMP_BYTES:
                    return moov[body:after].decode("utf-8", "replace")
    return ""
