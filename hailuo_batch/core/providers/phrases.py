"""Parts of the sentences about providers and models."""

from collections.abc import Iterable, Sequence

from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.lengths import has_part_second, part_seconds, seconds_text
from hailuo_batch.core.manifest.shot import Mode

MODE_WORDS = {
    Mode.TEXT: "text to video",
    Mode.FIRST: "a first frame",
    Mode.FIRST_LAST: "a first and last frame",
    Mode.LAST: "a last frame",
}


def duration_text(duration: Duration) -> str:
    """`6 s`, or the portable word.

    >>> duration_text(6), duration_text("short"), duration_text("6400ms")
    ('6 s', 'short', '6.4 s')
    """
    if not isinstance(duration, str):
        return f"{duration} s"
    return f"{seconds_text(part_seconds(duration))} s" if has_part_second(duration) else duration


def join_names(names: Sequence[str], word: str) -> str:
    """Names as people list them: `gccai, odkkk or vtrix`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def join_or(words: Iterable[str]) -> str:
    """Each of them with an "or" between."""
    return " or ".join(words)
