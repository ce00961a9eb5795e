"""Words that a project does not want in its prompts: a client's own name, a brand, what a gateway refuses.

A word is found whole and in any case: "gun" is in "a GUN, drawn" and not in "begun". Scripts that write no blanks
between words have no whole words, so there it is found anywhere.
"""

import re
from collections.abc import Iterator, Sequence, Set
from unicodedata import category, normalize

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem

# Thai to Tibetan, Burmese, Khmer; Chinese, Japanese, Korean and wide letters.
_UNSPACED_RANGES = (
    r"\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
    r"\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")
_MANY_WORDS = 200  # from so many on, the set of all words is faster than searching for each
_WORD = re.compile(rf"[^\W{_UNSPACED_RANGES}]+")


def find_forbidden_words(shots: Sequence[Shot], words: Sequence[str]) -> Iterator[Problem]:
    """A warning for each word in each entry's prompts, as they are sent: with style and variables."""
    if not words:
        return
    texts = [_fold(shot.prompt) for shot in shots]
    whole = "\n".join(texts)  # most words are in no prompt, and one search says so
    once = frozenset(_WORD.findall(whole)) if len(words) > _MANY_WORDS else None
    folded = {needle: word for word in words if (needle := _fold(word)) and _may_be_in(needle, whole, once)}
    found: dict[tuple[int, str], list[Shot]] = {}
    for shot, text in zip(shots, texts, strict=True) if folded else ():
        for needle in folded:
            if needle in text and _has_word(text, needle):
                found.setdefault((shot.index, needle), []).append(shot)
    for (_, needle), cells in found.items():
        yield _make_problem(cells, folded[needle])


def _make_problem(cells: Sequence[Shot], word: str) -> Problem:
    shot = cells[0]
    return Problem(
        rule=rules.PROMPT_FORBIDDEN,
        why=f'shot "{shot.id}" says {quote_text(word)}, which is under lint.forbidden in hailuo.yaml.',
        remedy="Use other words, also in its style and variables; or take the word off the list.",
        path=("shots", shot.index, "prompt"),
        count=len(cells),
        shot=shot.id,
    )


def _may_be_in(needle: str, whole: str, once: Set[str] | None) -> bool:
    """Whether it can be found at all: a plain word of a long list by the set of all words."""
    return needle in (once if once is not None and _WORD.fullmatch(needle) else whole)


def _fold(text: str) -> str:
    """Letters that look the same made the same; a line is one line."""
    folded = text.casefold() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())
    return " ".join(folded.split())


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
    return bool(beside) and all(_is_letter(each) and not _UNSPACED.match(each) for each in (beside, edge))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_" or category(character).startswith("M")
