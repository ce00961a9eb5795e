"""Takes out of web addresses what lets somebody else in: names, passwords and queries, which may be signatures.

Every view does so; what is sent stays as it was written. A trace hides more (`redaction.py`).
"""

import re
from collections.abc import Callable

HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
# As users write them, in prose, YAML and JSON: to the next blank, quote, bracket or brace.
_WRITTEN_ADDRESS = re.compile(r"(?<=://)[^\s\"'<>{}\\]+")
_WRITTEN_QUERY = re.compile(
    r"(?<=\?)[^\s\"'<>{}\\?…]+=[^\s\"'<>{}\\]*"
    r"|(?<=#)[\w-]*(?:token|signature|sig|key|secret)=[^\s\"'<>{}\\]+",
    re.IGNORECASE,
)


def hide_signatures(text: str) -> str:
    """What a user wrote, without names, passwords and queries of web addresses: a query may be a signature.

    >>> hide_signatures("see https://me:pw@cdn.test/a.png?X-Amz-Signature=abc&e=1 [Pan left]")
    'see https://…@cdn.test/a.png?… [Pan left]'
    """
    return _replace_signatures(text, lambda _: "…")


def mask_signatures(text: str) -> str:
    """The same for a line with a mark below it: each letter keeps its place.

    >>> mask_signatures("first: https://me:pw@cdn.test/a.png?sig=1")
    'first: https://•••••@cdn.test/a.png?•••••'
    """
    return _replace_signatures(text, lambda secret: "•" * len(secret))


def _replace_signatures(text: str, hide: Callable[[str], str]) -> str:
    if "://" in text:
        text = _WRITTEN_ADDRESS.sub(lambda found: _replace_user(found[0], hide), text)
    return _WRITTEN_QUERY.sub(lambda found: hide(found[0]), text) if "?" in text or "#" in text else text


def _replace_user(rest: str, hide: Callable[[str], str]) -> str:
    """An address behind its scheme; a password may hold what ends a host, so the last @ counts where no host ends."""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    whole = host if "@" in host or ":" not in host or HOST.fullmatch(host) else rest
    user, at, _ = whole.rpartition("@")
    return f"{hide(user)}{at}{rest[len(user) + 1 :]}" if at and user else rest
