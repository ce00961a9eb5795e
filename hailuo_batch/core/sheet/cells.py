"""What a cell's text means for a key of a shot, and a value as a cell's text.

A value is what stands in the manifest: texts with their placeholders, numbers, lists. `None` is "not written".
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hailuo_batch.core.manifest.document import (
    LONG_DURATION,
    SHORT_DURATION,
    Cut,
    Duration,
    FileFrame,
    Frame,
    FrameRole,
    ShotFrame,
    UrlFrame,
)
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.sheet.columns import (
    DURATION,
    FIRST,
    LAST,
    PROVIDERS,
    RESOLUTION,
    STYLE,
    TAGS,
    TAKES,
    FieldPath,
)
from hailuo_batch.core.sheet.table import CellError
from hailuo_batch.core.switches import SWITCH_NAMES

# What a spreadsheet computes instead of showing, wide signs too; and the apostrophe, which the guard itself is.
_GUARDED = re.compile("['\t\r]|[ \xa0]*[-=+@＝＋－＠]")
_YES = frozenset({"true", "yes", "y", "1", "x", "on", "✓", "ja", "oui", "sí", "si", "sim", "да", "是", "wahr", "vrai"})
_NO = frozenset({"false", "no", "n", "0", "off", "nein", "nej", "non", "não", "нет", "否", "falsch", "faux"})
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,;\n]*))\s*(?:[,;\n]|$)')
_SECONDS = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*(?:s|sec|secs|seconds?|″|\"|秒|с|сек)?\.?", re.IGNORECASE)
_THOUSANDTHS = re.compile(r"(\d+)ms")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_SHOT_FRAME = re.compile(r"shot:\s*(\S(?:.*\S)?)", re.DOTALL)
_DIGEST = re.compile(r"(\S+)\s+sha256:([0-9a-f]{64})")


def guard_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> guard_cell("=1+1"), guard_cell("hero"), guard_cell("'tis")
    ("'=1+1", 'hero', "''tis")
    """
    return f"'{text}" if _GUARDED.match(text) else text


def unguard_cell(text: str) -> str:
    """The text that was guarded; one that was not stays as it is.

    >>> unguard_cell("'=1+1"), unguard_cell("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and _GUARDED.match(text, 1) else text


def format_value(path: FieldPath, value: Any) -> str:
    """A value as a cell shows it; nothing for None."""
    if value is None:
        return ""
    if path in _FORMS:
        return _FORMS[path](value)
    return value if isinstance(value, str) else _plain_text(value)


def parse_cell(path: FieldPath, text: str, old: Any = None) -> Any:
    """The value of a cell that is not empty. `old` is what a meta has now, whose kind the new value keeps.

    Raises `CellError` with the reason.
    """
    if path in _PARSERS:
        return _PARSERS[path](text.strip())
    if path[0] == "meta" and old is not None and not isinstance(old, str):
        return _like(old, text)
    return text


def parse_seconds(text: str) -> Decimal:
    """A length: `3.5`, `3,5`, `4 s`, `1:02.5`.

    >>> [str(parse_seconds(text)) for text in ("3.5", "3,5 s", "1:02.5")]
    ['3.5', '3.5', '62.5']
    """
    if found := _SECONDS.fullmatch(text.strip()):
        return Decimal(found[1].replace(",", "."))
    if found := _CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = (Decimal((part or "0").replace(",", ".")) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds
    raise CellError(f"{quote_text(text)} is not a length in seconds, such as 3.5.")


def decimal_text(number: Decimal) -> str:
    """A number without an exponent and without zeros at its end.

    >>> decimal_text(Decimal("3.50")), decimal_text(Decimal("1E+1"))
    ('3.5', '10')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cut_value(cut: Cut | None) -> Any:
    """A cut as it is written: one number where it begins with the clip."""
    if cut is None:
        return None
    return cut.end if not cut.start else {"in": cut.start, "out": cut.end}


def duration_value(duration: Duration | None) -> Any:
    """A duration as it is written: a part of a second is kept as `6400ms`.

    >>> duration_value("6400ms"), duration_value("short")
    (Decimal('6.4'), 'short')
    """
    if isinstance(duration, str) and (found := _THOUSANDTHS.fullmatch(duration)):
        return Decimal(found[1]) / 1000
    return duration


def frame_value(frame: Frame | None) -> Any:
    """A frame as it is written."""
    match frame:
        case None:
            return None
        case FileFrame(path=path):
            return path
        case UrlFrame(url=url, sha256=digest):
            return url if digest is None else {"url": url, "sha256": digest}
        case ShotFrame(shot=shot, frame=role):
            return {"shot": shot, "frame": str(role)}


def _plain_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False)


def _like(old: Any, text: str) -> Any:
    """A value of the same kind as the one it replaces, where the text can be read so."""
    if isinstance(old, bool):
        return text.strip().casefold() == "true" if text.strip().casefold() in {"true", "false"} else text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    kinds = int | float if isinstance(old, int | float) else type(old)
    return value if (isinstance(value, kinds) and not isinstance(value, bool) and str(value) == text.strip()) or (
        isinstance(value, dict | list)
    ) else text  # fmt: skip


def _format_list(values: Iterable[str]) -> str:
    return ", ".join(_quote_item(each) for each in values)


def _quote_item(item: str) -> str:
    quoted = item.replace('"', '""')
    return f'"{quoted}"' if not item or re.search(r'[",;\n]|^\s|\s$', item) else item


def parse_list(text: str) -> list[str]:
    """Words between commas, semicolons or lines; quotes keep what has one of these.

    >>> parse_list('hero, "a, b"; sea')
    ['hero', 'a, b', 'sea']
    """
    found, place = [], 0
    while place < len(text):
        item = _ITEM.match(text, place)
        if item is None or item.end() == place:
            raise CellError(f"{quote_text(text)} is not a list of words between commas.")
        place = item.end()
        words = item[2].strip() if item[1] is None else item[1].replace('""', '"')
        if words:
            found.append(words)
    return list(dict.fromkeys(found))


def _format_frame(frame: Any) -> str:
    if isinstance(frame, str):
        return frame
    if "url" in frame:
        return f"{frame['url']} sha256:{frame['sha256']}"
    role = "" if frame["frame"] == FrameRole.LAST else f" {frame['frame']}"
    return f"shot:{frame['shot']}{role}"


def _parse_frame(text: str) -> Any:
    if found := _DIGEST.fullmatch(text):
        return {"url": found[1], "sha256": found[2]}
    if not (found := _SHOT_FRAME.fullmatch(text)):
        return text
    shot, _, role = found[1].rpartition(" ")
    if shot and role in {str(each) for each in FrameRole}:
        return {"shot": shot.strip(), "frame": role}
    return {"shot": found[1], "frame": str(FrameRole.LAST)}


def _parse_duration(text: str) -> int | str | Decimal:
    plain = text.casefold()
    if plain in {SHORT_DURATION, LONG_DURATION}:
        return plain
    seconds = parse_seconds(text)
    return int(seconds) if seconds == seconds.to_integral_value() else seconds


def _parse_takes(text: str) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise CellError(f"{quote_text(text)} is not a number of takes.") from None
    if not number.is_finite() or number != number.to_integral_value():
        raise CellError(f"{quote_text(text)} is not a whole number of takes.")
    return int(number)


def _parse_resolution(text: str) -> str:
    plain = text.casefold().strip()
    return f"{plain}p" if plain.isdecimal() else plain


def _parse_switch(text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise CellError(f"{quote_text(text)} is neither true nor false.")
    return plain in _YES


_FORMS: Mapping[FieldPath, Callable[[Any], str]] = {
    TAGS: _format_list,
    PROVIDERS: _format_list,
    FIRST: _format_frame,
    LAST: _format_frame,
}
_PARSERS: Mapping[FieldPath, Callable[[str], Any]] = {
    TAGS: parse_list,
    PROVIDERS: parse_list,
    FIRST: _parse_frame,
    LAST: _parse_frame,
    DURATION: _parse_duration,
    TAKES: _parse_takes,
    RESOLUTION: _parse_resolution,
    STYLE: str,
    **{(name,): _parse_switch for name in SWITCH_NAMES},
}
