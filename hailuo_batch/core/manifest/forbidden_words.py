"""Words that a project does not want in its prompts: a client's own name, a brand, what a gateway refuses.

A word is found whole and in any case: "gun" is in "a GUN, drawn" and not in "begun". Scripts that write no blanks
between words have no whole words, so there it is found anywhere.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from unicodedata import category, east_asian_width, normalize

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem

# Thai, Lao, Tibetan, Burmese and Khmer; Chinese, Japanese and Korean are wide letters.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")


def find_forbidden_words(shots: Sequence[Shot], words: Sequence[str]) -> Iterator[Problem]:
    """A warning for each word in each entry's prompts, as they are sent: with style and variables."""
    if not words:
        return
    texts = [_fold(shot.prompt) for shot in shots]
    whole = "\n".join(texts)  # most words are in no prompt, and one search says so
    folded = {folded: word for word in words if (folded := _fold(word)) and folded in whole}
    found: dict[tuple[int, str], Problem] = {}
    for shot, text in zip(shots, texts, strict=True) if folded else ():
        for needle, word in folded.items():
            if _has_word(text, needle):
                known = found.get((shot.index, needle))
                found[shot.index, needle] = (
                    replace(known, count=known.count + 1) if known else _make_problem(shot, word)
                )
    yield from found.values()


def _make_problem(shot: Shot, word: str) -> Problem:
    return Problem(
        rule=rules.PROMPT_FORBIDDEN,
        why=f'shot "{shot.id}" says {quote_text(word)}, which is under lint.forbidden in hailuo.yaml.',
        remedy="Use other words, also in its style and variables; or take the word off the list.",
        path=("shots", shot.index, "prompt"),
        shot=shot.id,
    )


def _fold(text: str) -> str:
    """Letters that look the same made the same; a line is one line."""
    return " ".join(normalize("NFC", normalize("NFC", text).casefold()).split())


def _has_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (_goes_on(text[at - 1 : at], word[0]) or _goes_on(text[end : end + 1], word[-1])):
            return True
        at = text.find(word, at + 1)
    return False


def _goes_on(beside: str, edge: str) -> bool:
    """Whether the letter beside a match belongs to the same word as the match's own last one."""
    if not beside or not _is_letter(edge) or not _is_letter(beside):
        return False
    return not (east_asian_width(edge) in "WF" or _UNSPACED.match(edge))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_" or category(character).startswith("M")
