"""What the text and the Markdown of a comparison have in common: headline, sums, and what changed in a field."""

from collections.abc import Iterable
from decimal import Decimal

from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.shot_changes import Change, ClipSum, FieldChange, ListChanges
from hailuo_batch.core.plan.shot_stills import CLIP, StillPair
from hailuo_batch.views.fit import cut_end, cut_start, measure_text
from hailuo_batch.views.format import count, join_amounts, single_line

_NOTHING = "nothing"
_PHRASES = (
    (Change.CHANGED, "changes", "change"),
    (Change.FOLLOWS, "follows", "follow"),
    (Change.ADDED, "is added", "are added"),
    (Change.REMOVED, "is removed", "are removed"),
    (Change.RENAMED, "is renamed", "are renamed"),
    (Change.EDITED, "keeps its clip", "keep their clips"),
)


def headline(lists: Iterable[ListChanges]) -> str:
    """All changes in one line: `12 shots change, 4 follow, +6.72 USD`."""
    every = tuple(lists)
    phrases: list[str] = []
    for kind, one, several in _PHRASES:
        if number := sum(each.count(kind) for each in every):
            counted = f"{number:,}" if phrases else count(number, "shot")
            phrases.append(f"{counted} {one if number == 1 else several}")
    if not phrases:
        return "No shot changes"
    return ", ".join((*phrases, new_cost(sum_clips(each.new for each in every))))


def sum_clips(sums: Iterable[ClipSum]) -> ClipSum:
    """Several sums as one."""
    every = tuple(sums)
    return ClipSum(
        clips=sum(each.clips for each in every),
        cost=sum_by_currency(money for each in every for money in each.cost),
        unpriced=sum(each.unpriced for each in every),
    )


def new_cost(new: ClipSum) -> str:
    """What new clips cost: `+6.72 USD`; what has no known price is said."""
    words = [f"+{money}" for money in new.cost]
    if new.unpriced:
        words.append(f"{count(new.unpriced, 'clip')} without a known price")
    return " and ".join(words) or "nothing to buy"


def row_cost(new: ClipSum) -> str:
    """The same of one shot; nothing where its clip stays."""
    return "price unknown" if new.unpriced and not new.cost else new_cost(new) if new.clips else ""


def sum_lines(changes: ListChanges) -> tuple[str, str]:
    """The price of all clips before and after, and of those that are new."""
    before, after, new = changes.before, changes.after, changes.new
    difference = _difference(before.cost, after.cost)
    every = f"All clips: {_clips(before)} before, {_clips(after)} after{f' ({difference})' if difference else ''}."
    if not new.clips:
        return every, "New clips: none."
    return every, f"New clips: {_clips(new)}, if none of them is bought yet."


def change_words(change: Change, was: str) -> str:
    """What became of a shot, in a word or two."""
    if change is Change.RENAMED:
        return f"was {was}"
    return "keeps clip" if change is Change.EDITED else str(change)


def chain_words(chain: Iterable[str]) -> str:
    """Why a shot follows."""
    return f"chain: {' and '.join(chain)} changed"


def still_label(pair: StillPair) -> str:
    """What two stills show, or the one that there is."""
    words = " and ".join(word for word, there in (("before", pair.before), ("after", pair.after)) if there)
    return f"{still_name(pair)} {words}"


def still_name(pair: StillPair) -> str:
    """What both stills are of."""
    return CLIP if pair.part == CLIP else f"{pair.part} frame"


def shorten_difference(old: str, new: str, room: int) -> tuple[str, str]:
    """Two texts around what differs in them, each in as many cells, from the beginning of a word.

    >>> shorten_difference("wet street, neon asphalt shines at night", "wet street, neon cobbles shine at night", 24)
    ('…neon asphalt shines at…', '…neon cobbles shine at …')
    """
    one, other = single_line(old), single_line(new)
    if max(measure_text(one), measure_text(other)) <= room:
        return one, other
    start = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        start = min(len(one), len(other))
    begin = max(start - room // 3, 0)
    if begin and " " in one[begin:start]:
        begin = one.index(" ", begin)  # the sign stands for the blank
    return _window(one, begin, room), _window(other, begin, room)


def field_texts(changed: FieldChange, room: int) -> tuple[str, str]:
    """Old and new value of a field."""
    return shorten_difference(changed.before or _NOTHING, changed.after or _NOTHING, room)


def _window(words: str, begin: int, room: int) -> str:
    """The words from a place on; at their end, the last of them."""
    if not begin:
        return cut_end(words, room)
    rest = words[begin:]
    if measure_text(rest) < room - 1:
        return cut_start(words, room)
    return f"…{cut_end(rest[1:], room - 1)}"


def _clips(total: ClipSum) -> str:
    price = f" for {join_amounts(total.cost)}" if total.cost else ""
    unknown = f" ({total.unpriced:,} without a known price)" if total.unpriced else ""
    return f"{count(total.clips, 'clip')}{price}{unknown}"


def _difference(before: Iterable[Money], after: Iterable[Money]) -> str:
    old, new = ({money.currency: money.amount for money in sums} for sums in (before, after))
    parts = []
    for currency in sorted({**old, **new}):
        amount = new.get(currency, Decimal(0)) - old.get(currency, Decimal(0))
        if amount:
            parts.append(f"{'+' if amount > 0 else ''}{Money(amount=amount, currency=currency)}")
    return " and ".join(parts)
