"""The whole sheet: its cover with campaign, client, date and totals, and the sections of its shots."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hailuo_batch.core.days import utc_day
from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.world import World
from hailuo_batch.views.format import count, format_duration, format_size, join_amounts
from hailuo_batch.views.nothing_to_do import edit_length
from hailuo_batch.views.own_columns import value_text
from hailuo_batch.views.sheet.media import SheetMedia
from hailuo_batch.views.sheet.shots import list_shots
from hailuo_batch.views.sheet.states import count_states
from hailuo_batch.views.sheet.values import Figure, Sheet, SheetInput, SheetSection, SheetShot
from hailuo_batch.views.unfetched import next_steps

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_KINDS = {World.REAL: "Contact sheet", World.SKETCH: "Sketches", World.REHEARSAL: "Rehearsal"}
_NOTES = {
    World.REAL: "",
    World.SKETCH: "Drawn on one machine before anything is bought.",
    World.REHEARSAL: "Clips of a mock: nothing here was paid for.",
}


def make_sheet(
    report: Report,
    media: SheetMedia,
    *,
    for_client: bool = False,
    clients: Sequence[str] = (),
    inputs: Mapping[str, Sequence[SheetInput]] | None = None,
) -> Sheet:
    """The page's values; `clients` are those that it is for. A client's page has no states and no manifest."""
    shots = tuple(list_shots(report, media, inputs=inputs))
    return Sheet(
        campaign=report.campaign,
        kind=_KINDS[report.world],
        world_note=_NOTES[report.world],
        facts=tuple(_facts(report, clients)),
        figures=tuple(_figures(report, shots)),
        states=() if for_client else count_states(shot.state for shot in shots),
        sections=tuple(_sections(report, shots, with_notes=not for_client)),
        todo=tuple(next_steps(report)),
        tags=tuple(sorted({tag for shot in shots for tag in shot.tags})),
        providers=tuple(sorted({provider for shot in shots for provider in shot.providers})),
        commands=_commands(shots),
        footer="" if for_client else f"{report.manifest}, {report.model}",
    )


def _facts(report: Report, clients: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Whose page it is, the day, and the list's own columns; a column for the client wins over tags."""
    if clients and not any(name.lower() in {"client", "clients"} for name, _ in report.meta):
        yield ("Client" if len(clients) == 1 else "Clients"), ", ".join(clients)
    if report.now:
        yield "Date", long_date(utc_day(report.now))
    yield from ((name, value_text(value)) for name, value in report.meta)


def long_date(day: str) -> str:
    """A day as people read it in any country.

    >>> long_date("2026-11-26")
    '26 November 2026'
    """
    year, month, number = day.split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


def _figures(report: Report, shots: Sequence[SheetShot]) -> Iterator[Figure]:
    clips = {row.clip.digest: row.clip for row in report.rows if row.action is Action.REUSE and row.clip is not None}
    takes = len(report.rows)
    yield Figure(name="shot" if len(shots) == 1 else "shots", value=f"{len(shots):,}")
    if report.omitted:
        yield Figure(name="omitted", value=f"{len(report.omitted):,}")
    if takes != len(shots):
        yield Figure(name="takes", value=f"{takes:,}")
    if len(clips) != takes or len(clips) != len(shots):
        size = format_size(sum(clip.size for clip in clips.values())) if clips else ""
        yield Figure(name="clip" if len(clips) == 1 else "clips", value=f"{len(clips):,}", note=size)
    if clips:
        yield Figure(name="of video", value=format_duration(sum(clip.seconds for clip in clips.values())))
    if report.lengths.edit is not None:
        yield Figure(name="in the edit", value=edit_length(report.lengths.edit))
    if not report.sketch:
        yield from _money_figures(report)


def _money_figures(report: Report) -> Iterator[Figure]:
    """What was spent, and what is still to be spent; what is only an estimate says so."""
    actual, listed, unknown = _spending(report)
    notes = [f"{join_amounts(listed)} of it by list price" if actual else "by list price"] if listed else []
    notes += [f"{count(unknown, 'clip')} of unknown cost"] if unknown else []
    if actual or listed or unknown:
        value = join_amounts(sum_by_currency((*actual, *listed))) or "unknown"
        name, said = ("estimated cost", []) if report.rehearsal else ("spent so far", notes)
        yield Figure(name=name, value=value, note=", ".join(said))
    if report.to_spend or report.unpriced:
        note = f"{count(report.unpriced, 'take')} of unknown price" if report.unpriced else ""
        yield Figure(name="to spend", value=join_amounts(report.to_spend) or "unknown", note=note)


def _spending(report: Report) -> tuple[tuple[Money, ...], tuple[Money, ...], int]:
    """The actual costs, the estimates of the other clips, and clips of which neither is known.

    Of the whole campaign it is what the ledger sums; of a part of it, what the clips on the page cost.
    """
    if not report.shots_outside:
        return report.spent, report.estimated, report.unknown_cost
    rows = {row.fingerprint: row for row in report.rows if row.action is Action.REUSE and row.clip is not None}.values()
    silent = [row for row in rows if row.cost is None]
    return (
        sum_by_currency(row.cost for row in rows if row.cost is not None),
        sum_by_currency(_estimates(silent)),
        sum(row.counted_estimate is None for row in silent),
    )


def _estimates(rows: Iterable[TakeRow]) -> Iterator[Money]:
    return (row.counted_estimate for row in rows if row.counted_estimate is not None)


def _sections(report: Report, shots: Sequence[SheetShot], *, with_notes: bool) -> Iterator[SheetSection]:
    known = {sequence.id: sequence for sequence in report.sequences}
    names = tuple(dict.fromkeys(shot.sequence for shot in shots))
    outside = "No sequence" if len(names) > 1 else ""  # without it they would seem to be in the sequence before
    for name in names:
        inside = tuple(shot for shot in shots if shot.sequence == name)
        sequence = known.get(name)
        yield SheetSection(
            id=name,
            title=(sequence.title or name) if sequence is not None else name or outside,
            notes=sequence.notes if sequence is not None and with_notes else "",
            figures=count(len(inside), "shot"),
            shots=tuple(_with_rows(inside)),
        )


def _with_rows(shots: Sequence[SheetShot]) -> Iterator[SheetShot]:
    """Shots with one take stand side by side as cards; any other, and a card without a neighbour, has a row."""
    single = [shot.cells <= 1 for shot in shots]
    for place, shot in enumerate(shots):
        has_neighbour = any(single[max(0, place - 1) : place] + single[place + 1 : place + 2])
        yield replace(shot, is_row=not (single[place] and has_neighbour))


def _commands(shots: Iterable[SheetShot]) -> tuple[CameraCommand, ...]:
    used = {command for shot in shots for part in shot.prompt for command in part.commands}
    return tuple(command for command in CameraCommand if command in used)
