"""What a gateway wrote, made fit to be shown: one short line, without addresses and without anything like a key.

A driver that knows the key itself takes it out once more, letter by letter; here it can only be guessed by its form.
"""

import re
from functools import lru_cache

_MAX_LENGTH = 200
_SHORT = 40  # characters: so short are the words that come with every poll
_URL = re.compile(r"\b(?:https?|ftp|wss?)://\S+|\bdata:[\w/+.-]+[;,]\S*|\bwww\.\S+", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+\S+", re.IGNORECASE)
_NAMED_KEY = re.compile(r"\b(?:sk|pk|ak|mv_live|mv_test|eyJ)[-_.]?[\w.~+/=*-]{6,}")
_LONG_WORD = re.compile(r"(?=[\w.~+/=-]*\d)[A-Za-z0-9_.~+/=-]{24,}")


def redact(text: str) -> str:
    """The text on one line, cut to a length that people read.

    >>> redact("Invalid key sk-abc123def456ghi789 \\n see https://x.test/?sig=1")
    'Invalid key … see …'
    """
    return _redact_word(text) if len(text) <= _SHORT else _redact_line(text)


@lru_cache(maxsize=256)
def _redact_word(text: str) -> str:
    return _redact_line(text)


def _redact_line(text: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 10 * _MAX_LENGTH]).split())
    for pattern, instead in ((_URL, "…"), (_BEARER, r"\1 …"), (_NAMED_KEY, "…"), (_LONG_WORD, "…")):
        line = pattern.sub(instead, line)
    return line if len(line) <= _MAX_LENGTH else line[: _MAX_LENGTH - 1].rstrip() + "…"
