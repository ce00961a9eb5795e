"""libyaml's errors in plain words: what a person most likely meant, and what to write instead.

Each explainer explains one kind of failure and returns nothing for others. Does not read events.
"""

import re
from collections.abc import Callable

import yaml

from hailuo_batch.load.yaml.encoding import find_control_character
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot
from hailuo_batch.load.yaml.messages import shorten
from hailuo_batch.load.yaml.parse_failure import ParseFailure, Span, make_parse_failure
from hailuo_batch.load.yaml.problems import Finding, make_finding
from hailuo_batch.load.yaml.quoting import VALUE_PREFIX, quoting_advice
from hailuo_batch.load.yaml.syntax_messages import (
    HALF_CHARACTER,
    INDENTED_TOO_DEEP,
    INVALID_TAG,
    LATE_QUOTE,
    MISSING_COLON,
    MISSING_COMMA,
    MISSING_DASH,
    MISSING_KEY,
    NO_SPACE_AFTER_COLON,
    OPEN_BRACKET,
    OPEN_QUOTE,
    OTHER_SYNTAX_ERROR,
    RESERVED_SIGN,
    SECOND_COLON,
    TAB,
    TEXT_AFTER,
    UNKNOWN_ESCAPE,
    UNQUOTED_VARIABLE,
    WRONG_INDENT,
)

_CLOSING_SIGNS = {"[": "]", "{": "}"}
_FLOW_TEXT_PREFIX = re.compile(r".*(?:[,\[{]|:[ \t])[ \t]*(?=\S)")  # up to the last text of a flow collection in a line
_FLOW_TEXT = re.compile(r"(?:\$\{[^{}]*\}|[^,\[\]{}])*")


def explain_syntax_error(error: yaml.YAMLError, payload: bytes) -> list[Finding]:
    """The reader's error in plain words, and a control character where one stands in the file."""
    text = payload.decode()
    control = find_control_character(text)
    if not isinstance(error, yaml.MarkedYAMLError):
        return control or [make_finding(OTHER_SYNTAX_ERROR.fill(shown=str(error)), TOP_OF_FILE)]
    failure = make_parse_failure(error, payload, text)
    explained = (explain(failure) for explain in _EXPLAINERS)
    first = next((finding for finding in explained if finding), None)
    return [first or make_finding(OTHER_SYNTAX_ERROR.fill(shown=failure.message), failure.spot), *control]


def _explain_tab(failure: ParseFailure) -> Finding | None:
    row, spot = failure.line_text(failure.spot), failure.spot
    indent = row[: len(row) - len(row.lstrip(" \t"))]
    if "\t" in indent:
        return make_finding(TAB, spot.with_column(indent.index("\t")))
    return make_finding(TAB, spot) if failure.character(spot) == "\t" else None


def _explain_open_quote(failure: ParseFailure) -> Finding | None:
    sign = failure.character(failure.context_spot)
    if sign not in ("'", '"') or not failure.mentions("unexpected end of stream", "unexpected document"):
        return None
    return make_finding(OPEN_QUOTE.fill(sign=sign), failure.context_spot)


def _explain_escape(failure: ParseFailure) -> Finding | None:
    if not failure.mentions("escape", "hexdecimal"):
        return None
    row = failure.line_text(failure.spot)
    start = row.rfind("\\", 0, failure.spot.column + 1)
    spot = failure.spot.with_column(start if start >= 0 else max(row.find("\\"), 0))
    half = re.match(r"\\u(d[89a-f][0-9a-f]{2})(?:\\u(d[c-f][0-9a-f]{2}))?", row[spot.column :], re.IGNORECASE)
    if half is None:
        return make_finding(UNKNOWN_ESCAPE.fill(shown=row[spot.column : spot.column + 2]), spot)
    return make_finding(HALF_CHARACTER.fill(shown=half[0][:6], remedy=_character_remedy(half[1], half[2])), spot)


def _character_remedy(high: str, low: str | None) -> str:
    if low is None or int(high, 16) >= 0xDC00:
        return "Write the character itself."
    whole = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
    return f"Write the character itself ({chr(whole)}), or \\U{whole:08X}."


def _explain_text_after_value(failure: ParseFailure) -> Finding | None:
    """What follows behind the end of a value: nearly always the rest of a text that needed quotes."""
    span, rest = failure.last_span, shorten(failure.rest_of_line(failure.spot))
    if span is None or not rest or not _is_next_after(failure, span):
        return None
    if span.sign in "'\"" and span.start.line != span.end.line:
        late = {"line": f"{span.end.line + 1:,}", "column": str(span.end.column)}
        return make_finding(LATE_QUOTE.fill(sign=span.sign, **late), span.start)
    remedy = "Put the whole value in quotes."
    if failure.mentions("',' or"):
        remedy = "Write a comma between the two, or put the whole value in quotes."
    elif span.start.line == span.end.line:
        remedy = quoting_advice(failure, span.start)
    alias = shorten(failure.text[span.start.offset : span.end.offset])
    return make_finding(TEXT_AFTER[span.sign].fill(rest=rest, alias=alias, remedy=remedy), span.start)


def _is_next_after(failure: ParseFailure, span: Span) -> bool:
    """Whether the reader failed behind this value, with nothing but spaces between."""
    if span.end.line != failure.spot.line or span.end.offset > failure.spot.offset:
        return False
    closed = failure.text[span.end.offset - 1]
    between = failure.text[span.end.offset : failure.spot.offset]
    # A mapping of one pair may stand in a list without braces: that is no value which ended.
    return not between.strip(" ") and closed == _CLOSING_SIGNS.get(span.sign, closed)


def _explain_second_colon(failure: ParseFailure) -> Finding | None:
    if not failure.mentions("mapping values are not allowed"):
        return None
    lead = VALUE_PREFIX.match(failure.line_text(failure.spot))
    if lead and lead[2] and lead.end() <= failure.spot.column:
        return make_finding(
            SECOND_COLON.fill(remedy=quoting_advice(failure, failure.spot.with_column(lead.end()))), failure.spot
        )
    above = failure.line_above(failure.spot)
    if above is None:
        return None
    row = failure.line_text(above).strip()
    if ":" not in row and not row.startswith("- "):
        return _explain_bare_line(failure, above)
    return make_finding(INDENTED_TOO_DEEP.fill(line=f"{above.line + 1:,}"), failure.first_character(failure.spot))


def _explain_missing_colon(failure: ParseFailure) -> Finding | None:
    return (
        _explain_bare_line(failure, failure.context_spot) if failure.mentions("could not find expected ':'") else None
    )


def _explain_bare_line(failure: ParseFailure, spot: Spot) -> Finding:
    row, first = failure.line_text(spot), failure.first_character(spot)
    glued = re.fullmatch(r"\s*(?:- +)*([\w-]+):(\S.*)", row)
    if glued:
        return make_finding(NO_SPACE_AFTER_COLON.fill(key=shorten(glued[1]), value=shorten(glued[2].strip())), first)
    return make_finding(MISSING_COLON.fill(shown=shorten(row.strip())), first)


def _explain_bad_tag(failure: ParseFailure) -> Finding | None:
    if not failure.mentions("scanning a tag", "undefined tag handle", "parsing a tag"):
        return None
    return make_finding(INVALID_TAG.fill(remedy=quoting_advice(failure, failure.context_spot)), failure.context_spot)


def _explain_bad_start(failure: ParseFailure) -> Finding | None:
    inner = failure.mentions("scanning an alias", "scanning an anchor", "scanning a block scalar")
    spot = failure.context_spot if inner else failure.spot
    sign = failure.character(spot)
    if sign not in tuple("%@`*&!|>?-,:]}"):
        return None
    if failure.is_line_start(spot) and not inner and not failure.mentions("cannot start any token"):
        return None
    return make_finding(RESERVED_SIGN.fill(sign=sign, remedy=quoting_advice(failure, spot)), spot)


def _explain_variable(failure: ParseFailure) -> Finding | None:
    """`${name}` inside braces or brackets, where its own braces are read as a mapping."""
    row, column = failure.line_text(failure.spot), failure.spot.column
    named = re.match(r"\{[^{}\s]*\}", row[column:])
    if named is None or row[column - 1 : column] != "$" or not failure.mentions("',' or"):
        return None
    before = _FLOW_TEXT_PREFIX.match(row[:column])
    begin = before.end() if before else column - 1
    end = begin + _FLOW_TEXT.match(row[begin:]).end()  # type: ignore[union-attr] # it matches anything, also nothing
    text = row[begin:end].strip()
    certain = row[end : end + 1] != "[" and len(text) <= 60 and '"' not in text and "\\" not in text
    remedy = f'Put the whole text in quotes: "{text}"' if certain else "Put the whole text in quotes."
    return make_finding(
        UNQUOTED_VARIABLE.fill(variable=shorten(f"${named[0]}"), remedy=remedy), failure.spot.with_column(begin)
    )


def _explain_open_bracket(failure: ParseFailure) -> Finding | None:
    sign = failure.character(failure.context_spot)
    ended = not failure.text[failure.spot.offset :].strip()
    if sign not in ("[", "{") or (failure.spot.line == failure.context_spot.line and not ended):
        return None
    until = "the end" if ended else f"line {failure.spot.line + 1:,}"
    return make_finding(OPEN_BRACKET.fill(sign=sign, close=_CLOSING_SIGNS[sign], until=until), failure.context_spot)


def _explain_missing_comma(failure: ParseFailure) -> Finding | None:
    rest = failure.rest_of_line(failure.spot)
    if not rest or not failure.mentions("',' or"):
        return None
    if rest.startswith(":"):
        remedy = "Write a comma before a new key, or put quotes around a text that holds a colon."
        return make_finding(SECOND_COLON.fill(remedy=remedy), failure.spot)
    return make_finding(MISSING_COMMA.fill(rest=shorten(rest)), failure.spot)


def _explain_indent(failure: ParseFailure) -> Finding | None:
    column = failure.spot.column + 1
    if not failure.mentions("while parsing a block") or not failure.is_line_start(failure.spot) or not failure.columns:
        return None
    if failure.rest_of_line(failure.spot).startswith(":"):
        return make_finding(MISSING_KEY, failure.spot)
    if column in failure.columns:
        return (
            make_finding(MISSING_DASH, failure.spot) if failure.mentions("block collection", "block sequence") else None
        )
    *others, last = map(str, failure.columns)
    columns = f"{', '.join(others)} or {last}" if others else last
    return make_finding(WRONG_INDENT.fill(column=str(column), columns=columns), failure.spot)


# The first that has something to say is right; the order matters where two could speak.
_EXPLAINERS: tuple[Callable[[ParseFailure], Finding | None], ...] = (
    _explain_tab,
    _explain_open_quote,
    _explain_escape,
    _explain_text_after_value,
    _explain_second_colon,
    _explain_missing_colon,
    _explain_bad_tag,
    _explain_variable,
    _explain_open_bracket,
    _explain_missing_comma,
    _explain_bad_start,
    _explain_indent,
)
