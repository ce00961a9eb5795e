"""Colours of a terminal, or none: every view takes a `TextStyle`, and `NO_COLOR` is read where one is made."""

from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """Marks words for a terminal; without colour the words stay as they are. `width` is in cells, 0 where none is."""

    colour: bool = False
    width: int = 0

    def bold(self, words: str) -> str:
        """Words that head something."""
        return self._colorize("1", words)

    def dim(self, words: str) -> str:
        """Words that can be passed over."""
        return self._colorize("2", words)

    def good(self, words: str) -> str:
        """Words about something done."""
        return self._colorize("32", words)

    def bad(self, words: str) -> str:
        """Words about something wrong."""
        return self._colorize("31", words)

    def warning(self, words: str) -> str:
        """Words that need attention."""
        return self._colorize("33", words)

    def _colorize(self, code: str, words: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour and words else words


PLAIN = TextStyle()
