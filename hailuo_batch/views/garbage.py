"""What gc can remove or has removed, as text and as JSON. Times are UTC."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from hailuo_batch.core.spending.garbage import DiskFile, Garbage, UnreferencedClip
from hailuo_batch.views.format import count, format_size, join_amounts, safe_text, shorten_digest
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

MAX_ROWS = 60  # clips on a terminal; JSON has them all


def draw_garbage(garbage: Garbage, *, remove_command: str, style: TextStyle = PLAIN) -> str:
    """The clips with size, day and price, then what it comes to; `remove_command` is the command that removes them."""
    if not garbage.clips and not garbage.leftovers and not garbage.rejected:
        nothing = f"Nothing to remove{_age_filter(garbage, ' that is')}."
        return "\n".join((nothing, *_last_copy_lines(garbage), *_unknown_file_lines(garbage, style)))
    return "\n".join(
        (
            *_clip_lines(garbage, style),
            *_rejected_lines(garbage, style),
            *_leftover_lines(garbage),
            _totals_line(garbage, style),
            *_shared_lines(garbage),
            *_last_copy_lines(garbage),
            *_unknown_file_lines(garbage, style),
            *_removal_hint(garbage, remove_command),
        )
    )


def garbage_dict(garbage: Garbage) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "removed": garbage.is_removed,
        "older_than_days": garbage.days,
        "clips": [_clip_dict(clip) for clip in garbage.clips],
        "leftovers": [_file_dict(file) for file in garbage.leftovers],
        "rejected": [
            {"take": clip.label, "campaign": clip.campaign, "file": clip.file, "bytes": clip.size}
            for clip in garbage.rejected
        ],
        "rejected_that_stay": garbage.last_copies,
        "bytes": garbage.bytes,
        "paid": [money_dict(money) for money in garbage.cost],
        "clips_at_unknown_price": garbage.unpriced,
        "unknown_files": garbage.unknown,
        "clips_that_stay_shared": garbage.shared_clips,
    }


def _clip_lines(garbage: Garbage, style: TextStyle) -> Iterator[str]:
    if not garbage.clips:
        return
    clips = count(len(garbage.clips), "clip" if garbage.is_removed else "unreferenced clip")
    yield f"{clips} removed:" if garbage.is_removed else f"{clips}{_age_filter(garbage, ',')}:"
    rows = [_clip_cells(clip, style) for clip in garbage.clips[:MAX_ROWS]]
    yield from draw_table(rows, _CLIP_COLUMNS, width=style.width)
    if len(garbage.clips) > MAX_ROWS:
        yield style.dim(f"  … and {len(garbage.clips) - MAX_ROWS:,} more; --format json shows them all")


def _age_filter(garbage: Garbage, prefix: str) -> str:
    return f"{prefix} older than {count(garbage.days, 'day')}" if garbage.days else ""


_CLIP_COLUMNS = (
    Column(),
    Column(right=True),
    Column(),
    Column(fit=Fit.WRAP, least=16),
    Column(fit=Fit.WRAP, least=12),
)


def _clip_cells(clip: UnreferencedClip, style: TextStyle) -> tuple[Cell, ...]:
    """Which take it was, the first of its request, and what it cost."""
    first = clip.attempts[0]
    others = f" and {len(clip.attempts) - 1:,} more" if len(clip.attempts) > 1 else ""
    price = " + ".join("price not known" if money is None else str(money) for money in clip.purchase_costs) or "free"
    take = safe_text(f"{first.shot}#{first.take}")
    return (
        Cell(shorten_digest(clip.digest)),
        Cell(format_size(clip.file.size)),
        Cell(_day(clip.file)),
        Cell(f"{take}{others} of {safe_text(first.campaign)}"),
        Cell(f"{first.provider} {price}", style.dim),
    )


def _rejected_lines(garbage: Garbage, style: TextStyle) -> Iterator[str]:
    if not garbage.rejected:
        return
    clips = count(len(garbage.rejected), "rejected clip")
    yield f"{clips}{' removed' * garbage.is_removed}; each take has another clip, or was given up:"
    rows = [
        (Cell(safe_text(f"{clip.label} of {clip.campaign}")), Cell(format_size(clip.size)), Cell(safe_text(clip.file)))
        for clip in garbage.rejected[:MAX_ROWS]
    ]
    columns = (Column(fit=Fit.MIDDLE), Column(right=True), Column(fit=Fit.MIDDLE, least=24))
    yield from draw_table(rows, columns, width=style.width)
    if len(garbage.rejected) > MAX_ROWS:
        yield f"  … and {len(garbage.rejected) - MAX_ROWS:,} more; --format json shows them all"


def _last_copy_lines(garbage: Garbage) -> Iterator[str]:
    if garbage.last_copies:
        clips = count(garbage.last_copies, "rejected clip")
        yield f"{clips} {'stays' if garbage.last_copies == 1 else 'stay'}: nothing else is left of what was paid for."


def _leftover_lines(garbage: Garbage) -> Iterator[str]:
    if garbage.leftovers:
        size = format_size(sum(file.size for file in garbage.leftovers))
        files = count(len(garbage.leftovers), "temporary file")
        yield f"{files} of killed runs and stale caches ({size}){' removed' * garbage.is_removed}."


def _totals_line(garbage: Garbage, style: TextStyle) -> str:
    verb = "Freed" if garbage.is_removed else "In total"
    paid = f" {style.warning(join_amounts(garbage.cost))} was paid for these." if garbage.cost else ""
    unknown = f" The price of {count(garbage.unpriced, 'purchase')} is not known." if garbage.unpriced else ""
    return f"{verb} {format_size(garbage.bytes)}.{paid}{unknown}"


def _shared_lines(garbage: Garbage) -> Iterator[str]:
    if number := garbage.shared_clips:
        clips = f"{count(number, 'clip')} {'stays' if number == 1 else 'stay'}"
        yield f"{clips} in {safe_text(garbage.shared_store)}: other machines may need what is there. No command of ours"
        yield "removes a clip there, and a run takes it from there again."


def _unknown_file_lines(garbage: Garbage, style: TextStyle) -> Iterator[str]:
    if garbage.unknown:
        files = count(garbage.unknown, "file")
        yield style.dim(
            f"The ledger does not know {files} of the store; {'it stays' if garbage.unknown == 1 else 'they stay'}."
        )


def _removal_hint(garbage: Garbage, remove_command: str) -> Iterator[str]:
    if not garbage.is_removed:
        yield f"Nothing was removed. To remove these files for good:\n    {safe_text(remove_command)}"


def _day(file: DiskFile) -> str:
    return datetime.fromtimestamp(file.modified_at, UTC).strftime("%Y-%m-%d")


def _clip_dict(clip: UnreferencedClip) -> Mapping[str, object]:
    return {
        "digest": clip.digest,
        **_file_dict(clip.file),
        "takes": [
            {"campaign": each.campaign, "shot": each.shot, "take": each.take, "provider": each.provider}
            for each in clip.attempts
        ],
        "paid": [money_dict(money) for money in clip.purchase_costs],
    }


def _file_dict(file: DiskFile) -> dict[str, object]:
    since = datetime.fromtimestamp(file.modified_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"file": file.name, "bytes": file.size, "since": since}
