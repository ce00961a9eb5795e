"""Writes XMP into a copy of an MP4: what made it, and that AI did, as IPTC says it. The pictures stay as they are.

Sources: XMP specification part 3, "MPEG-4" (a `uuid` box at the top level); IPTC Photo Metadata 2025.1, whose terms
video uses too. A packet that the file has already is kept, with our members in it: it may hold another label.
"""

import struct
from contextlib import suppress
from io import BytesIO
from xml.etree import ElementTree as Xml

from hailuo_batch.core.origin import Disclosure
from hailuo_batch.media.mp4_boxes import UnsoundError
from hailuo_batch.media.origin_marks import MAX_XMP_BYTES, XMP_UUID, iter_top_boxes

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_NAMES = {
    "x": "adobe:ns:meta/",
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": _IPTC,
    "hailuo": "https://raw.githubusercontent.com/hailuo-batch/hailuo-batch/main/xmp/1.0/",
}
_HEAD, _TAIL = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', b'\n<?xpacket end="w"?>'


def add_xmp(data: bytes, disclosure: Disclosure) -> bytes:
    """The file with this disclosure; `UnsoundError` where it is no MP4 that something can be added to.

    What follows the last box of the file is left out: a box behind it would not be found.
    """
    file = BytesIO(data)
    boxes = list(iter_top_boxes(file))
    if not {b"moov", b"mdat"} <= {kind for kind, _, _ in boxes}:
        raise UnsoundError("The file is no whole MP4.")
    film, before = bytearray(data[: boxes[-1][2]]), b""
    starts = [0, *(end for _, _, end in boxes)]
    for start, (kind, body, end) in zip(starts, boxes, strict=False):
        if kind == b"uuid" and film[body : body + 16] == XMP_UUID:
            before = before or bytes(film[body + 16 : end])
            film[start + 4 : start + 8] = b"free"  # not cut out: that would move the pictures
    _close_last_box(film, starts[-2])
    packet = _HEAD + _make_packet(before, disclosure) + _TAIL
    return bytes(film) + struct.pack(">I4s", 24 + len(packet), b"uuid") + XMP_UUID + packet


def is_own_copy(data: bytes) -> bool:
    """Whether a file is a copy that this program wrote: its XMP says so."""
    file = BytesIO(data)
    with suppress(UnsoundError, struct.error):
        for kind, body, end in iter_top_boxes(file):
            if kind == b"uuid" and data[body : body + 16] == XMP_UUID:
                return b"<xmp:CreatorTool>hailuo-batch" in data[body:end]
    return False


def _close_last_box(film: bytearray, start: int) -> None:
    """Gives the last box its length where it says "to the end of the file"."""
    if film[start : start + 4] == b"\0\0\0\0":
        length = len(film) - start
        if length >= 1 << 32:
            raise UnsoundError("The file is too large for another part.")
        film[start : start + 4] = struct.pack(">I", length)


def _make_packet(before: bytes, disclosure: Disclosure) -> bytes:
    for prefix, name in _NAMES.items():
        Xml.register_namespace(prefix, name)
    root, rdf = _parse_packet(before)
    described = Xml.Element(f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    for name, value in _members(disclosure).items():
        _remove_member(rdf, name)
        described.append(_member(name, value))
    rdf.append(described)
    packet: bytes = Xml.tostring(root, encoding="utf-8")
    return packet


def _members(disclosure: Disclosure) -> dict[str, str]:
    members = {
        "Iptc4xmpExt:DigitalSourceType": disclosure.source_type,
        "Iptc4xmpExt:AISystemUsed": disclosure.model if disclosure.made_by_ai else "",
        "xmp:CreatorTool": disclosure.tool,
        "xmp:CreateDate": disclosure.made,
        "dc:title": disclosure.title,
        "dc:description": disclosure.text,
        "hailuo:Oversight": disclosure.oversight,
    }
    return {name: _printable(value) for name, value in members.items() if value}


def _printable(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(sign if sign in "\t\n" or (sign >= " " and sign not in "\ufffe\uffff") else " " for sign in text)


def _full_name(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}"


def _member(name: str, value: str) -> Xml.Element:
    member = Xml.Element(_full_name(name))
    if name.startswith("dc:"):  # these have a value for each language
        item = Xml.SubElement(Xml.SubElement(member, f"{{{_RDF}}}Alt"), f"{{{_RDF}}}li")
        item.set("{http://www.w3.org/XML/1998/namespace}lang", "x-default")
        item.text = value
    else:
        member.text = value
    return member


def _remove_member(rdf: Xml.Element, name: str) -> None:
    full = _full_name(name)
    for described in rdf:
        described.attrib.pop(full, None)
        for child in [child for child in described if child.tag == full]:
            described.remove(child)


def _parse_packet(before: bytes) -> tuple[Xml.Element, Xml.Element]:
    """A packet's tree and its RDF; a new one where there is none, or none that can be read."""
    if before and len(before) <= MAX_XMP_BYTES and b"<!" not in before.replace(b"<!--", b""):
        with suppress(Xml.ParseError, ValueError, LookupError):
            root = Xml.fromstring(before.strip(b"\0 \r\n\t"))  # noqa: S314 - it has no DOCTYPE, so no entities
            rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
            if rdf is not None:
                return root, rdf
    root = Xml.Element(f"{{{_NAMES['x']}}}xmpmeta")
    return root, Xml.SubElement(root, f"{{{_RDF}}}RDF")
