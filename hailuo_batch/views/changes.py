"""What differs in a request, in a few words: the old and the new value, a prompt only around what differs."""

from itertools import takewhile
from operator import eq

from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.views.fit import measure_text, shorten_middle
from hailuo_batch.views.format import safe_text, shot_length

FRAME_NAMES = {"first": "first frame", "last": "last frame"}
_WHOLE = 40  # cells of a prompt that is shown as it is
_ROOM = 48  # cells of a part of a prompt
_WORD = 16  # letters that are searched for the beginning or the end of a word
_DIGEST = 8  # letters of a digest: few clips and images of a campaign have the same


def member_name(name: str) -> str:
    """A member as people call it.

    >>> member_name("first"), member_name("prompt")
    ('first frame', 'prompt')
    """
    return FRAME_NAMES.get(name, name)


def change_text(member: Member) -> str:
    """One changed member.

    >>> change_text(Member(name="duration", before=6, now=10, changed=True))
    'duration 6 s → 10 s'
    """
    if member.name == "prompt":
        return _prompt_text(str(member.before), str(member.now))
    if member.name in FRAME_NAMES:
        return _frame_text(member)
    return f"{member.name} {_value_text(member.name, member.before)} → {_value_text(member.name, member.now)}"


def short_digest(value: object) -> str:
    """The first letters of an image's digest, or of that of the clip that a frame is from.

    >>> short_digest("sha256:0123456789abcdef")
    '01234567'
    """
    digest = str(value.get("artifact")) if isinstance(value, dict) else str(value)
    return digest.removeprefix("sha256:")[:_DIGEST]


def shorten_difference(before: str, now: str) -> tuple[str, str]:
    """Two texts around what differs, to whole words; all of them where they are short.

    >>> shorten_difference("a bottle rises out of the calm morning mist", "a bottle rises out of the calm morning fog")
    ('…mist', '…fog')
    """
    if max(measure_text(before), measure_text(now)) <= _WHOLE:
        return before, now
    start = _count_same(before, now)
    rest = _count_same(before[start:][::-1], now[start:][::-1])
    start = _word_start(before, start)
    rest = _word_start(before[::-1], rest)
    return _cut_out(before, start, rest), _cut_out(now, start, rest)


def _count_same(one: str, other: str) -> int:
    """With how many letters both begin."""
    return sum(takewhile(bool, map(eq, one, other)))


def _word_start(text: str, place: int) -> int:
    """Where the word begins that has a place in it; the place itself where words are not written apart."""
    place -= place == len(text)
    space = text.rfind(" ", max(place - _WORD, 0), place)
    return space + 1 if space >= 0 or place <= _WORD else place


def _cut_out(text: str, start: int, rest: int) -> str:
    part = text[start : len(text) - rest].strip()
    return f"{'…' if start else ''}{shorten_middle(part, _ROOM)}{'…' if rest else ''}"


def _prompt_text(before: str, now: str) -> str:
    if before.split() == now.split():
        return "prompt changed: only blanks or line breaks"
    old, new = (safe_text(" ".join(text.split())) for text in (before, now))
    if old == new:
        return "prompt changed in a part that is hidden here"
    old, new = shorten_difference(old, new)
    return f'prompt changed: "{old}" → "{new}"'


def _frame_text(member: Member) -> str:
    """A frame by its name; where its old name is not known, by the digests."""
    name, old, new = FRAME_NAMES[member.name], safe_text(member.label_before), safe_text(member.label)
    if member.before is None:
        return f"{name} added: {new}"
    old = old or short_digest(member.before)
    if not new:
        return f"{name} removed: {old}"
    if member.label_before or member.now is None:
        return f"{name} changed: {old} → {new}"
    return f"{name} changed: {new} ({old} → {short_digest(member.now)})"


def _value_text(name: str, value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    return shot_length(value) if name == "duration" and isinstance(value, int | str) else safe_text(str(value))
