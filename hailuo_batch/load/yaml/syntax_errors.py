"""libyaml's errors in plain words: what a person most likely meant, and what to write instead.

Each explainer looks at one kind of failure and is silent about others. Nothing here reads an event.
"""

import re
from collections.abc import Callable

import yaml

from hailuo_batch.load.yaml.encoding import control_character
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot
from hailuo_batch.load.yaml.messages import cut
from hailuo_batch.load.yaml.parse_failure import Failure, Span, failure_of
from hailuo_batch.load.yaml.problems import Finding, found
from hailuo_batch.load.yaml.quoting import LEAD, quoted
from hailuo_batch.load.yaml.syntax_messages import (
    AFTER,
    BRACKET,
    COLON,
    COMMA,
    DEEPER,
    ESCAPE,
    GLUED,
    HALF,
    INDENT,
    LATE_QUOTE,
    NO_COLON,
    NO_ENTRY,
    NO_NAME,
    NOT_CLOSED,
    OTHER,
    SIGN,
    TAB,
    TAG,
    VARIABLE,
)

_CLOSING = {"[": "]", "{": "}"}
_BEFORE_TEXT = re.compile(r".*(?:[,\[{]|:[ \t])[ \t]*(?=\S)")  # up to the last text of a flow collection in a line
_TEXT = re.compile(r"(?:\$\{[^{}]*\}|[^,\[\]{}])*")


def explain(error: yaml.YAMLError, payload: bytes) -> list[Finding]:
    """The reader's error in plain words, and a control character where one stands in the file."""
    text = payload.decode()
    control = control_character(text)
    if not isinstance(error, yaml.MarkedYAMLError):
        return control or [found(OTHER.of(shown=str(error)), TOP_OF_FILE)]
    failure = failure_of(error, payload, text)
    explained = (explain(failure) for explain in _EXPLAINERS)
    first = next((finding for finding in explained if finding), None)
    return [first or found(OTHER.of(shown=failure.said), failure.spot), *control]


def _tab(failure: Failure) -> Finding | None:
    row, spot = failure.row(failure.spot), failure.spot
    indent = row[: len(row) - len(row.lstrip(" \t"))]
    if "\t" in indent:
        return found(TAB, spot.moved(indent.index("\t")))
    return found(TAB, spot) if failure.sign(spot) == "\t" else None


def _open_quote(failure: Failure) -> Finding | None:
    sign = failure.sign(failure.opened)
    if sign not in ("'", '"') or not failure.says("unexpected end of stream", "unexpected document"):
        return None
    return found(NOT_CLOSED.of(sign=sign), failure.opened)


def _escape(failure: Failure) -> Finding | None:
    if not failure.says("escape", "hexdecimal"):
        return None
    row = failure.row(failure.spot)
    start = row.rfind("\\", 0, failure.spot.column + 1)
    spot = failure.spot.moved(start if start >= 0 else max(row.find("\\"), 0))
    half = re.match(r"\\u(d[89a-f][0-9a-f]{2})(?:\\u(d[c-f][0-9a-f]{2}))?", row[spot.column :], re.IGNORECASE)
    if half is None:
        return found(ESCAPE.of(shown=row[spot.column : spot.column + 2]), spot)
    return found(HALF.of(shown=half[0][:6], remedy=_whole_character(half[1], half[2])), spot)


def _whole_character(high: str, low: str | None) -> str:
    if low is None or int(high, 16) >= 0xDC00:
        return "Write the character itself."
    whole = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
    return f"Write the character itself ({chr(whole)}), or \\U{whole:08X}."


def _after_value(failure: Failure) -> Finding | None:
    """What follows behind the end of a value: nearly always the rest of a text that needed quotes."""
    span, rest = failure.before, cut(failure.rest(failure.spot))
    if span is None or not rest or not _follows(failure, span):
        return None
    if span.sign in "'\"" and span.start.line != span.end.line:
        late = {"line": f"{span.end.line + 1:,}", "column": str(span.end.column)}
        return found(LATE_QUOTE.of(sign=span.sign, **late), span.start)
    remedy = "Put the whole value in quotes."
    if failure.says("',' or"):
        remedy = "Write a comma between the two, or put the whole value in quotes."
    elif span.start.line == span.end.line:
        remedy = quoted(failure, span.start)
    alias = cut(failure.text[span.start.offset : span.end.offset])
    return found(AFTER[span.sign].of(rest=rest, alias=alias, remedy=remedy), span.start)


def _follows(failure: Failure, span: Span) -> bool:
    """Whether the reader failed behind this value, with nothing but spaces between."""
    if span.end.line != failure.spot.line or span.end.offset > failure.spot.offset:
        return False
    closed = failure.text[span.end.offset - 1]
    between = failure.text[span.end.offset : failure.spot.offset]
    # A mapping of one pair may stand in a list without braces: that is no value which ended.
    return not between.strip(" ") and closed == _CLOSING.get(span.sign, closed)


def _second_colon(failure: Failure) -> Finding | None:
    if not failure.says("mapping values are not allowed"):
        return None
    lead = LEAD.match(failure.row(failure.spot))
    if lead and lead[2] and lead.end() <= failure.spot.column:
        return found(COLON.of(remedy=quoted(failure, failure.spot.moved(lead.end()))), failure.spot)
    above = failure.line_above(failure.spot)
    if above is None:
        return None
    row = failure.row(above).strip()
    if ":" not in row and not row.startswith("- "):
        return _bare_line(failure, above)
    return found(DEEPER.of(line=f"{above.line + 1:,}"), failure.first(failure.spot))


def _missing_colon(failure: Failure) -> Finding | None:
    return _bare_line(failure, failure.opened) if failure.says("could not find expected ':'") else None


def _bare_line(failure: Failure, spot: Spot) -> Finding:
    row, first = failure.row(spot), failure.first(spot)
    glued = re.fullmatch(r"\s*(?:- +)*([\w-]+):(\S.*)", row)
    if glued:
        return found(GLUED.of(key=cut(glued[1]), value=cut(glued[2].strip())), first)
    return found(NO_COLON.of(shown=cut(row.strip())), first)


def _bad_tag(failure: Failure) -> Finding | None:
    if not failure.says("scanning a tag", "undefined tag handle", "parsing a tag"):
        return None
    return found(TAG.of(remedy=quoted(failure, failure.opened)), failure.opened)


def _bad_start(failure: Failure) -> Finding | None:
    inner = failure.says("scanning an alias", "scanning an anchor", "scanning a block scalar")
    spot = failure.opened if inner else failure.spot
    sign = failure.sign(spot)
    if sign not in tuple("%@`*&!|>?-,:]}"):
        return None
    if failure.begins_line(spot) and not inner and not failure.says("cannot start any token"):
        return None
    return found(SIGN.of(sign=sign, remedy=quoted(failure, spot)), spot)


def _variable(failure: Failure) -> Finding | None:
    """`${name}` inside braces or brackets, where its own braces are read as a mapping."""
    row, column = failure.row(failure.spot), failure.spot.column
    named = re.match(r"\{[^{}\s]*\}", row[column:])
    if named is None or row[column - 1 : column] != "$" or not failure.says("',' or"):
        return None
    before = _BEFORE_TEXT.match(row[:column])
    begin = before.end() if before else column - 1
    end = begin + _TEXT.match(row[begin:]).end()  # type: ignore[union-attr] # it matches anything, also nothing
    text = row[begin:end].strip()
    certain = row[end : end + 1] != "[" and len(text) <= 60 and '"' not in text and "\\" not in text
    remedy = f'Put the whole text in quotes: "{text}"' if certain else "Put the whole text in quotes."
    return found(VARIABLE.of(variable=cut(f"${named[0]}"), remedy=remedy), failure.spot.moved(begin))


def _open_bracket(failure: Failure) -> Finding | None:
    sign = failure.sign(failure.opened)
    ended = not failure.text[failure.spot.offset :].strip()
    if sign not in ("[", "{") or (failure.spot.line == failure.opened.line and not ended):
        return None
    until = "the end" if ended else f"line {failure.spot.line + 1:,}"
    return found(BRACKET.of(sign=sign, close=_CLOSING[sign], until=until), failure.opened)


def _comma(failure: Failure) -> Finding | None:
    rest = failure.rest(failure.spot)
    if not rest or not failure.says("',' or"):
        return None
    if rest.startswith(":"):
        remedy = "Write a comma before a new key, or put quotes around a text that holds a colon."
        return found(COLON.of(remedy=remedy), failure.spot)
    return found(COMMA.of(rest=cut(rest)), failure.spot)


def _indent(failure: Failure) -> Finding | None:
    column = failure.spot.column + 1
    if not failure.says("while parsing a block") or not failure.begins_line(failure.spot) or not failure.columns:
        return None
    if failure.rest(failure.spot).startswith(":"):
        return found(NO_NAME, failure.spot)
    if column in failure.columns:
        return found(NO_ENTRY, failure.spot) if failure.says("block collection", "block sequence") else None
    *others, last = map(str, failure.columns)
    columns = f"{', '.join(others)} or {last}" if others else last
    return found(INDENT.of(column=str(column), columns=columns), failure.spot)


# The first that has something to say is right; the order matters where two could speak.
_EXPLAINERS: tuple[Callable[[Failure], Finding | None], ...] = (
    _tab,
    _open_quote,
    _escape,
    _after_value,
    _second_colon,
    _missing_colon,
    _bad_tag,
    _variable,
    _open_bracket,
    _comma,
    _bad_start,
    _indent,
)
