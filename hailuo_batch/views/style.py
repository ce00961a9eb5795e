"""Colours of a terminal, or none: every view asks an `Ink`, and `NO_COLOR` is settled where one is made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Marks words for a terminal; without colour the words stay as they are."""

    colour: bool = False

    def bold(self, words: str) -> str:
        """Words that head something."""
        return self._in("1", words)

    def dim(self, words: str) -> str:
        """Words that can be passed over."""
        return self._in("2", words)

    def good(self, words: str) -> str:
        """Words about something done."""
        return self._in("32", words)

    def bad(self, words: str) -> str:
        """Words about something wrong."""
        return self._in("31", words)

    def care(self, words: str) -> str:
        """Words that want a look."""
        return self._in("33", words)

    def _in(self, code: str, words: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour and words else words


PLAIN = Ink()
