"""Takes secrets out of a trace.

It removes too much rather than too little (keys, addresses behind their host, images), since people attach a trace to
public bug reports. Every other view hides only what lets somebody else in (`signatures.py`). `gateways/redact.py`
shortens what a gateway wrote to one line for people.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from hailuo_batch.core.signatures import HOST

HIDDEN = "***"
KEY_PLACEHOLDER = "[key]"
SHORTEST_KEY = 8  # letters; so short a "key" is none, and would be found inside words that matter
LONGEST_BODY = 8000  # letters of a body as JSON
_LONGEST_TEXT = 2000  # letters of one text in a body
_LONGEST_INPUT = 65536  # letters that are searched; the rest of a text is cut off first
_DEEPEST = 50  # levels of a body

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]{1,20})(?::|%3A)(?:\\?/|%2F){2}([^\s\"<>]*)", re.IGNORECASE)
_IMAGE = re.compile(r"data:([\w/+.-]{0,40})[;,]\S*", re.IGNORECASE)
_QUERY = re.compile(r"\?[^\s\"<>?]*=[^\s\"<>]*")
_NAMED_VALUE = re.compile(
    r"((?:api[_-]?key|token|secret|signature|(?<![a-z])sig|passw(?:or)?d|authorization|credential|cookie)[\w-]{0,40}"
    r"['\"\\]{0,2}\s?(?:=|:|%3[AD])\s?['\"\\]{0,2}(?:(?:bearer|basic)\s+)?)[^\s'\",;&}\\]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)(\s|%20|\+)+[^\s'\",;&}\\]+", re.IGNORECASE)
_KEY_BY_FORM = re.compile(r"\b(?:(?:sk|pk|rk|ak|mv)[-_]|eyJ)[\w.~+/=*-]{6,}")
_UNBROKEN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")  # a image in base64, say
_ESCAPED = re.compile(r"%(?:25)*([0-9a-f]{2})|\\u00([0-9a-f]{2})", re.IGNORECASE)  # a letter, however often encoded
_SECRET_NAME = re.compile(
    r"(?:api|access|secret|private|auth)[_-]?key$|token$|secret|passw|authorization|signature|^sig$|credential|cookie",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """The text without addresses behind their host, images, and what looks like a key or is named as one.

    >>> redact_text("see https://me:pw@cdn.test/a.mp4?sig=1 with Bearer abc")
    'see https://cdn.test/… with Bearer ***'
    """
    begin = text[:_LONGEST_INPUT]
    if _ADDRESS.match(begin.lstrip()) and "\n" not in begin.strip():  # an address may have blanks in it
        begin = re.sub(r"\s", "", begin)
    if image := _IMAGE.match(begin.lstrip()):  # so may a image
        return f"data:{image[1]} ({len(text)} letters)"
    begin = _ADDRESS.sub(_keep_host, begin)
    begin = _IMAGE.sub(_describe_image, begin)
    begin = _QUERY.sub("?…", begin)
    begin = _BEARER.sub(rf"\1 {HIDDEN}", begin)
    begin = _NAMED_VALUE.sub(rf"\1{HIDDEN}", begin)
    begin = _KEY_BY_FORM.sub(HIDDEN, begin)
    begin = _UNBROKEN.sub(_shorten_word, begin)
    return begin if len(text) <= _LONGEST_INPUT else f"{begin}… ({len(text)} letters)"


def redact_body(body: object) -> object:
    """A body as a trace shows it: secrets gone, long texts cut, and all of it below a size.

    >>> redact_body({"prompt": "a kite", "token": "abc", "file": {"url": "https://cdn.test/a?sig=1"}})
    {'prompt': 'a kite', 'token': '***', 'file': {'url': 'https://cdn.test/…'}}
    """
    shown = _redact_value(body, _DEEPEST)
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return shown if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}… ({len(text)} letters)"


def redact_key(key: str, text: str) -> str:
    """The text without this key, also where the key is written percent-encoded or as JSON escapes.

    >>> redact_key("a+b/c=d-", "plain a+b/c=d- and encoded a%2Bb%2fc%3Dd-")
    'plain [key] and encoded [key]'
    """
    if len(key) < SHORTEST_KEY:
        return text
    text = text.replace(key, KEY_PLACEHOLDER)
    if ("%" in text or "\\" in text) and key in _ESCAPED.sub(_unescape, text).replace("\\", ""):
        return _spellings(key).sub(KEY_PLACEHOLDER, text)
    return text


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


@lru_cache(maxsize=64)
def _spellings(key: str) -> re.Pattern[str]:
    """Every way to write a key with some of its letters escaped, slow to search for."""

    def spell(letter: str) -> str:
        code = f"{ord(letter):02x}"
        return rf"(?:{re.escape(letter)}|%(?:25)*(?i:{code})|\\+u00(?i:{code}))"

    return re.compile(r"\\*".join(map(spell, key)))


def _redact_value(value: object, depth: int) -> object:
    if isinstance(value, str):
        shown = redact_text(value)
        return shown if len(shown) <= _LONGEST_TEXT else f"{shown[:_LONGEST_TEXT]}… ({len(value)} letters)"
    if depth == 0:
        return "… (nested too deep)"
    if isinstance(value, Mapping):
        return {redact_text(str(name)): _redact_member(str(name), part, depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value(part, depth - 1) for part in value]
    return value


def _redact_member(name: str, value: object, depth: int) -> object:
    hidden = bool(value) and not isinstance(value, bool) and _SECRET_NAME.search(name)
    return HIDDEN if hidden else _redact_value(value, depth)


def _keep_host(found: re.Match[str]) -> str:
    """An address as its scheme and host; an encoded one, or one that may begin with a password, as its scheme only."""
    scheme, rest = found[1], found[2]
    before = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = before.rpartition("@")[2]
    if not HOST.fullmatch(host):
        return f"{scheme}://…"
    return f"{scheme}://{host}" + ("/…" if len(rest) > len(before) + 1 else "")


def _describe_image(found: re.Match[str]) -> str:
    return f"data:{found[1]} ({len(found[0])} letters)"


def _shorten_word(found: re.Match[str]) -> str:
    return f"{found[0][:20]}… ({len(found[0])} letters)"
