"""Parts of the sentences about providers and models."""

from collections.abc import Iterable, Sequence

from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.shot import Mode

MODE_WORDS = {
    Mode.TEXT: "text to video",
    Mode.FIRST: "a first frame",
    Mode.FIRST_LAST: "a first and last frame",
    Mode.LAST: "a last frame",
}


def duration_text(duration: Duration) -> str:
    """`6 s`, or the portable word."""
    return duration if isinstance(duration, str) else f"{duration} s"


def join_names(names: Sequence[str], word: str) -> str:
    """Names as people list them: `gccai, odkkk or vtrix`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def join_or(words: Iterable[str]) -> str:
    """Each of them with an "or" between."""
    return " or ".join(words)
