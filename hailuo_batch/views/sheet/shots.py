"""The shots of a report as the sheet shows them: takes side by side, in the order of the edit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hailuo_batch.core.manifest.camera import split_moves
from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import count, join_amounts
from hailuo_batch.views.own_columns import column_lines, requested_length
from hailuo_batch.views.sheet.media import SheetMedia
from hailuo_batch.views.sheet.states import shot_state
from hailuo_batch.views.sheet.takes import make_take, note, price_text
from hailuo_batch.views.sheet.values import PromptPart, Shape, SheetInput, SheetShot, SheetTake, Tone

_LONG_PROMPT = 300  # letters; a longer one is cut to a few lines until somebody clicks
_WIDE_LETTERS = 0x2E7F  # Chinese and Japanese letters, behind this one, are as wide as two others
_UNMADE = frozenset({Action.SUBMIT, Action.WAIT})
_CARE = frozenset({Tone.CARE, Tone.BAD})
CLIENT_TAG = "client:"


def list_shots(
    report: Report, media: SheetMedia, *, inputs: Mapping[str, Sequence[SheetInput]] | None = None
) -> Iterator[SheetShot]:
    """Every shot of the report in the order of the edit. `inputs` are the images that shots start from, by shot."""
    by_shot: dict[str, list[TakeRow]] = {}
    for row in report.rows:
        by_shot.setdefault(row.shot, []).append(row)
    for number, (shot, rows) in enumerate(_in_edit_order(report, by_shot), 1):
        given = tuple((inputs or {}).get(shot, ()))
        waiting = [row for row in rows if given and row.action in _UNMADE]
        takes = _with_one_shape(tuple(make_take(row, media) for row in rows if row not in waiting))
        images = tuple(image for image in given if image.role or not takes)
        yield replace(_make_shot(number, rows, takes, report), inputs=images, unmade=_unmade_words(waiting))


def list_clients(rows: Iterable[TakeRow]) -> tuple[str, ...]:
    """The clients that tags of shots name (`client:acme`), each once."""
    names = (tag.removeprefix(CLIENT_TAG) for row in rows for tag in row.tags if tag.startswith(CLIENT_TAG))
    return tuple(dict.fromkeys(names))


def _unmade_words(rows: Sequence[TakeRow]) -> str:
    """How many takes are still to be made, and what they would cost."""
    if not rows:
        return ""
    prices = [price for row in rows if (price := price_text(row))]
    total = sum_by_currency(row.counted_estimate for row in rows if row.counted_estimate is not None)
    cost = f", {join_amounts(total)} estimated" if prices and total else ", price not known" if prices else ""
    return f"{count(len(rows), 'take')} to render{cost}"


def _in_edit_order(report: Report, by_shot: Mapping[str, Sequence[TakeRow]]) -> Iterable[tuple[str, Sequence[TakeRow]]]:
    places = {sequence.id: place for place, sequence in enumerate(report.sequences)}
    return sorted(by_shot.items(), key=lambda each: places.get(each[1][0].sequence, len(places)))


def _make_shot(number: int, rows: Sequence[TakeRow], takes: tuple[SheetTake, ...], report: Report) -> SheetShot:
    row = rows[0]
    troubles = [take for take in takes if take.missing and take.state is not None and take.state.tone in _CARE]
    marks = sum(len(take.marks) for take in takes)
    return SheetShot(
        id=row.shot,
        number=number,
        state=shot_state(report, row.shot, rows),
        length=requested_length(row),
        prompt=prompt_parts(row.prompt),
        takes=takes,
        sequence=row.sequence,
        is_long=len(row.prompt) + sum(ord(letter) > _WIDE_LETTERS for letter in row.prompt) > _LONG_PROMPT,
        tags=row.tags,
        notes=row.notes,
        columns=tuple(column_lines(row)),
        review_notes=tuple(map(note, report.shot_notes.get(row.shot, ()))),
        providers=tuple(dict.fromkeys(take.provider for take in takes if take.provider)),
        cost=str(sum((_amount(each) for each in rows if not each.same_clip_as), Decimal(0))) if row.provider else "",
        marks=marks,
        needs_care=bool(marks or troubles),
    )


def _amount(row: TakeRow) -> Decimal:
    """What a take costs, to sort by: amounts of different currencies are not the same, and still have an order."""
    money = row.cost or row.counted_estimate
    return money.amount if money is not None else Decimal(0)


def _with_one_shape(takes: tuple[SheetTake, ...]) -> tuple[SheetTake, ...]:
    """A take without a clip has the shape of its siblings."""
    shaped = next((take for take in takes if take.clip or take.poster), None)
    if shaped is None or shaped.shape is Shape.WIDE:
        return takes
    return tuple(
        take if take.digest else replace(take, shape=shaped.shape, width=shaped.width, height=shaped.height)
        for take in takes
    )


def prompt_parts(prompt: str) -> tuple[PromptPart, ...]:
    """The words of a prompt, and its camera commands."""
    return tuple(PromptPart(words=words, commands=commands) for words, commands in split_moves(prompt))
