"""What gc can remove or has removed, as text and as JSON. Times are UTC."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from hailuo_batch.core.spending.garbage import File, Spare, Spares
from hailuo_batch.views.format import amounts, count, megabytes, safe
from hailuo_batch.views.json_report import money_members
from hailuo_batch.views.style import PLAIN, Ink

SHOWN = 60  # clips on a terminal; JSON has them all
_DIGITS = 19  # of a digest: `sha256:` and twelve


def draw_spares(found: Spares, *, remove: str, ink: Ink = PLAIN) -> str:
    """The clips with size, day and price, then what it comes to; `remove` is the command that removes them."""
    if not found.clips and not found.leftovers:
        return "\n".join((f"Nothing to remove{_older(found, ' that is')}.", *_unknown(found, ink)))
    return "\n".join(
        (*_clips(found, ink), *_leftovers(found), _sums(found, ink), *_unknown(found, ink), *_end(found, remove))
    )


def spares_members(found: Spares) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "removed": found.removed,
        "older_than_days": found.days,
        "clips": [_clip_members(clip) for clip in found.clips],
        "leftovers": [_file_members(file) for file in found.leftovers],
        "bytes": found.bytes,
        "paid": [money_members(money) for money in found.paid],
        "clips_at_unknown_price": found.unpriced,
        "unknown_files": found.unknown,
    }


def _clips(found: Spares, ink: Ink) -> Iterator[str]:
    if not found.clips:
        return
    clips = count(len(found.clips), "clip")
    yield f"{clips} removed:" if found.removed else f"{clips} that nobody names{_older(found, ',')}:"
    for clip in found.clips[:SHOWN]:
        yield f"  {clip.digest[:_DIGITS]}…  {megabytes(clip.file.size):>8}  {_day(clip.file)}  {_what(clip, ink)}"
    if len(found.clips) > SHOWN:
        yield ink.dim(f"  … and {len(found.clips) - SHOWN:,} more; --format json shows them all")


def _older(found: Spares, joined: str) -> str:
    return f"{joined} older than {count(found.days, 'day')}" if found.days else ""


def _what(clip: Spare, ink: Ink) -> str:
    """Which take it was, the first that asked for it, and what it cost."""
    first = clip.attempts[0]
    others = f" and {len(clip.attempts) - 1:,} more" if len(clip.attempts) > 1 else ""
    price = " + ".join("price not known" if money is None else str(money) for money in clip.bought) or "free"
    take = safe(f"{first.shot}#{first.take}")
    return f"{take}{others} of {safe(first.campaign)}{ink.dim(f'  {first.provider} {price}')}"


def _leftovers(found: Spares) -> Iterator[str]:
    if found.leftovers:
        size = megabytes(sum(file.size for file in found.leftovers))
        things = count(len(found.leftovers), "leftover")
        yield f"{things} of killed runs and old shortcuts ({size}){' removed' * found.removed}."


def _sums(found: Spares, ink: Ink) -> str:
    verb = "Freed" if found.removed else "Together"
    paid = f" {ink.care(amounts(found.paid))} was paid for these." if found.paid else ""
    unknown = f" The price of {count(found.unpriced, 'purchase')} is not known." if found.unpriced else ""
    return f"{verb} {megabytes(found.bytes)}.{paid}{unknown}"


def _unknown(found: Spares, ink: Ink) -> Iterator[str]:
    if found.unknown:
        files = count(found.unknown, "file")
        yield ink.dim(f"{files} of the store {'is' if found.unknown == 1 else 'are'} in no ledger, and left alone.")


def _end(found: Spares, remove: str) -> Iterator[str]:
    if not found.removed:
        yield f"Nothing was removed. To remove it for good:\n    {safe(remove)}"


def _day(file: File) -> str:
    return datetime.fromtimestamp(file.since, UTC).strftime("%Y-%m-%d")


def _clip_members(clip: Spare) -> Mapping[str, object]:
    return {
        "digest": clip.digest,
        **_file_members(clip.file),
        "takes": [
            {"campaign": each.campaign, "shot": each.shot, "take": each.take, "provider": each.provider}
            for each in clip.attempts
        ],
        "paid": [money_members(money) for money in clip.bought],
    }


def _file_members(file: File) -> dict[str, object]:
    since = datetime.fromtimestamp(file.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"file": file.name, "bytes": file.size, "since": since}
