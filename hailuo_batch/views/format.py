"""Numbers, lengths and amounts as people write them, the same in every view."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hailuo_batch.core.signatures import hide_signatures

if TYPE_CHECKING:
    from hailuo_batch.core.money import Money  # loads decimal, which a run with nothing to do does not need

_DIGEST_LENGTH = 19  # `sha256:` and twelve
# Controls but for the tab, line and paragraph separators, what turns text around or cannot be seen, and halves of
# characters (bytes of a file name that are no UTF-8). Joiners stay: emoji and Persian words are made with them.
INVISIBLE = r"\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f"
_UNPRINTABLE = re.compile(rf"[\x00-\x08\x0a-\x1f{INVISIBLE}]")


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "take"), count(1200, "take"), count(2, "entry", "entries")
    ('1 take', '1,200 takes', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def format_size(size: int) -> str:
    """A file's size.

    >>> format_size(1_234_567), format_size(12_300)
    ('1.2 MB', '12 kB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


def format_duration(seconds: float) -> str:
    """How long something took or lasts.

    >>> format_duration(4.25), format_duration(75), format_duration(3720)
    ('4.2 s', '1 min 15 s', '1 h 02 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def format_seconds(seconds: float) -> str:
    """How long a clip is, to the hundredth.

    >>> format_seconds(6.0), format_seconds(5.8767)
    ('6 s', '5.88 s')
    """
    return f"{round(seconds, 2):g} s"


def join_amounts(sums: "Iterable[Money]") -> str:
    """Sums in their own currencies, never added together."""
    return " and ".join(str(money) for money in sums)


def join_names(names: Sequence[str], count: int) -> str:
    """Names in a line of text: the first of them, and how many there are besides.

    >>> join_names(["a", "b"], 2), join_names(["a", "b", "c", "d"], 9)
    ('a, b', 'a, b, c and 6 more')
    """
    shown = names if max(len(names), count) <= 4 else names[:3]
    more = max(len(names), count) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def shot_length(duration: int | str) -> str:
    """A shot's length as it was requested.

    >>> shot_length(6), shot_length("short"), shot_length("6400ms")
    ('6 s', 'short', '6.4 s')
    """
    from hailuo_batch.core.providers.phrases import duration_text

    return duration_text(duration)


def safe_text(words: str) -> str:
    """What users wrote, without passwords and signatures of addresses, and as `visible_text`.

    >>> safe_text("https://cdn.test/a.png?sig=1")
    'https://cdn.test/a.png?…'
    """
    return visible_text(hide_signatures(words))


def visible_text(words: str) -> str:
    """Words without characters that would move a terminal's cursor or turn its text around; as many letters.

    >>> visible_text("\\x1b[31mred"), visible_text("two\\nlines")
    ('�[31mred', 'two�lines')
    """
    return _UNPRINTABLE.sub("�", words)


def safe_lines(words: str) -> str:
    """Several lines, each of them safe."""
    return "\n".join(safe_text(line) for line in words.splitlines())


def single_line(words: str) -> str:
    """Safe words, whatever line breaks they had.

    >>> single_line("a bottle\\n  in mist")
    'a bottle in mist'
    """
    return safe_text(" ".join(words.split()))


def shorten_digest(digest: str) -> str:
    """The start of a digest, which is enough to tell clips apart.

    >>> shorten_digest("sha256:" + "ab" * 32)
    'sha256:abababababab…'
    """
    return digest if len(digest) <= _DIGEST_LENGTH else f"{digest[:_DIGEST_LENGTH]}…"
