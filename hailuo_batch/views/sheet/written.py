"""What to say when a sheet is written: where it is, how large, and what is not in it."""

from collections.abc import Sequence

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.format import count, format_size, join_names, safe_text


def draw_written_sheet(
    report: Report,
    *,
    page: str,
    size: int | None,
    clips_left_out: int,
    unselected: Sequence[str],
    shots_left_out: Sequence[str] = (),
) -> str:
    """The page's place on the last line; its size where it is one file."""
    shots = len({row.shot for row in report.rows})
    lines = [f"{count(shots, 'shot')}, {count(len(report.rows), 'take')} and {count(_count_clips(report), 'clip')}."]
    if clips_left_out:
        are = (
            "did not fit, and is shown by its stills" if clips_left_out == 1 else "did not fit, and are shown by stills"
        )
        lines.append(f"{count(clips_left_out, 'clip')} {are}.")
    if unselected:
        has = "has" if len(unselected) == 1 else "have"
        names = safe_text(join_names(unselected, len(unselected)))
        lines.append(f"{names} {has} no selected take: the first that nobody rejected is shown.")
    if shots_left_out:
        are = "is left out: its take is" if len(shots_left_out) == 1 else "are left out: their takes are"
        lines.append(f"{safe_text(join_names(shots_left_out, len(shots_left_out)))} {are} rejected, or not here yet.")
    in_one_file = "" if size is None else f" ({format_size(size)}, everything in it)"
    return "\n".join((*lines, "", f"Page: {safe_text(page)}{in_one_file}"))


def _count_clips(report: Report) -> int:
    """The clips on the page; those of shots with one request are one."""
    return len({row.clip.digest for row in report.rows if row.action is Action.REUSE and row.clip is not None})
