"""Manifest → shots: names filled in, defaults merged, matrices unrolled, ids unique, in the order of the edit.

Every problem is collected; a shot with a problem of its own is left out of the result. Nothing here knows what
providers sell (`offers.py`) or whether a file exists (`load/inputs.py`).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.camera import normalize_commands
from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    FileFrame,
    Frame,
    Frames,
    Manifest,
    ShotEntry,
    ShotFrame,
    Style,
    UrlFrame,
)
from hailuo_batch.core.manifest.frame_links import frame_link_problems
from hailuo_batch.core.manifest.interpolate import (
    InterpolationError,
    fill_placeholders,
    quote_text,
    resolve_variables,
)
from hailuo_batch.core.manifest.sequences import check_sequences, order_entries, resolve_levels
from hailuo_batch.core.manifest.settings import (
    CellEntry,
    CellTexts,
    ResolvedSettings,
    make_cell_entry,
    override_cell_entry,
)
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.manifest.styles import fill_styles, find_style
from hailuo_batch.core.problem import DocumentPath, Problem, Suggestions

MAX_SHOTS = 200_000  # of one manifest, after its matrices
MAX_PROMPT_TEXT = MAX_SHOTS * 2_000  # characters of all prompts together: each as long as the model reads
MAX_SHOTS_DIAGNOSED = 1_000  # shots of one matrix, which share most of their mistakes

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def expand(
    manifest: Manifest, environment: Mapping[str, str] | None = None, keys: Mapping[str, str] | None = None
) -> tuple[tuple[Shot, ...], tuple[Problem, ...]]:
    """All shots in the order of the edit, and everything that is wrong with them.

    `environment` has what is set there of the variables that the manifest declares, `keys` the keys that are set.
    """
    problems: dict[Problem, None] = {}
    names, found = resolve_variables(_read_variables(manifest, environment or {}, keys or {}, problems))
    problems.update(dict.fromkeys(found))
    styles = fill_styles(manifest.styles, names, problems)
    crowd = sum(entry.count_cells() for entry in manifest.shots)
    if crowd > MAX_SHOTS:
        return (), (*problems, _too_many_shots(crowd))
    ids = {entry.id for entry in manifest.shots}  # those of shots with problems too: who names them is not to blame
    made = _Expansion(texts=CellTexts(words=names, phrases=names), styles=styles, problems=problems, ids=ids)
    check_sequences(manifest, made.suggestions, problems)
    levels = resolve_levels(manifest, styles, problems)
    for entry in order_entries(manifest):
        made.add_entry(entry, levels.get(entry.sequence, levels[""]))
        if made.length > MAX_PROMPT_TEXT:
            return (), (*problems, *made.mistakes, _too_much_text(entry.index))
    mistakes = (replace(problem, count=count) for problem, count in made.mistakes.items())
    clashes = (*_id_clashes(made.shots), *frame_link_problems(made.shots, ids))
    return tuple(made.shots), (*problems, *mistakes, *clashes)


def _read_variables(
    manifest: Manifest, environment: Mapping[str, str], keys: Mapping[str, str], problems: dict[Problem, None]
) -> Mapping[str, Any]:
    if not manifest.env_names:
        return manifest.variables
    from hailuo_batch.core.manifest.env_variables import read_env_variables  # few manifests have any

    return read_env_variables(manifest, environment, keys, problems)


def _too_many_shots(count: int) -> Problem:
    why = f"the matrices make {count:,} shots; one manifest holds {MAX_SHOTS:,} at most."
    remedy = "Split it into several manifests."
    return Problem(rule=rules.SHOTS_MANY, why=why, remedy=remedy, path=("shots",))


def _too_much_text(index: int) -> Problem:
    why = f"the prompts have more than {MAX_PROMPT_TEXT:,} characters together, once their names are filled in."
    remedy = "Split the list into several manifests."
    return Problem(rule=rules.TEXT_LONG, why=why, remedy=remedy, path=("shots", index))


class _Expansion:
    """What has been made so far of a manifest, and with which names and styles.

    `texts` are the variables, which shots without a matrix have alone; `length` is of all prompts; `mistakes` are
    counted by the shots that have them.
    """

    __slots__ = ("ids", "length", "mistakes", "problems", "shots", "styles", "suggestions", "texts")

    def __init__(
        self, texts: CellTexts, styles: Mapping[str, Style], problems: dict[Problem, None], ids: set[str]
    ) -> None:
        self.texts, self.styles, self.problems, self.ids = texts, styles, problems, ids
        self.suggestions = Suggestions()
        self.shots: list[Shot] = []
        self.mistakes: Counter[Problem] = Counter()
        self.length = 0

    def add_entry(self, entry: ShotEntry, base: ResolvedSettings) -> None:
        """The shots of one entry, or what is wrong with them."""
        whole = make_cell_entry(entry, base)
        if entry.has_one_cell:
            self._add_shot(whole, self.texts, self.mistakes)
            return
        from hailuo_batch.core.manifest.matrix import unroll_matrix  # many manifests have none

        cells: dict[tuple[int, ...], CellEntry] = {(): whole}  # by the overrides that fit them
        wrong: Counter[Problem] = Counter()
        blamed = 0
        for texts in unroll_matrix(entry, self.texts, self.problems):
            if texts.overrides not in cells:
                cells[texts.overrides] = _override_cell(whole, texts.overrides)
            counted = wrong if blamed < MAX_SHOTS_DIAGNOSED else None
            blamed += not self._add_shot(cells[texts.overrides], texts, counted)
        # Shots that were not diagnosed have a single mistake too.
        self.mistakes.update(dict.fromkeys(wrong, blamed) if len(wrong) == 1 else wrong)

    def _add_shot(self, cell: CellEntry, texts: CellTexts, wrong: Counter[Problem] | None) -> bool:
        """Whether it could be made; else what is wrong with it is counted."""
        try:
            shot = _make_shot(cell, texts, self.styles)
        except InterpolationError:
            if wrong is not None:
                self._diagnose_shot(cell, texts, wrong)
            return False
        self.shots.append(shot)
        self.length += len(shot.prompt)
        return True

    def _diagnose_shot(self, cell: CellEntry, texts: CellTexts, wrong: Counter[Problem]) -> None:
        """Everything that is wrong with one shot, part by part; its id counts as written all the same."""
        entry, frames, words = cell.entry, cell.frames, texts.words
        here: DocumentPath = ("shots", entry.index)
        parts: dict[DocumentPath, Callable[[], object]] = {
            (*here, "id"): lambda: self.ids.add(_check_id(fill_placeholders(entry.id, words))),
            cell.settings.places.get("style", here): lambda: find_style(cell.settings.style, self.styles),
            (*cell.prompt_place, "prompt"): lambda: fill_placeholders(cell.prompt, texts.phrases),
            (*cell.frames_place, "frames", "first"): lambda: frames.first and _fill_frame(frames.first, words),
            (*cell.frames_place, "frames", "last"): lambda: frames.last and _fill_frame(frames.last, words),
            cell.notes_path: lambda: fill_placeholders(cell.notes, texts.phrases),
        }
        for path, tags in cell.tags:
            parts |= {(*path, place): partial(fill_placeholders, tag, words) for place, tag in enumerate(tags)}
        for path, make in parts.items():
            try:
                make()
            except InterpolationError as error:
                wrong[error.to_problem(path, self.suggestions.suggest)] += 1


def _override_cell(cell: CellEntry, numbers: tuple[int, ...]) -> CellEntry:
    """The entry as it is in cells that these overrides fit; the last one counts."""
    for number in numbers:
        cell = override_cell_entry(cell, number, cell.entry.overrides[number])
    return cell


def _make_shot(cell: CellEntry, texts: CellTexts, styles: Mapping[str, Style]) -> Shot:
    entry, settings, words = cell.entry, cell.settings, texts.words
    return Shot(
        id=_check_id(fill_placeholders(entry.id, words)),
        index=entry.index,
        prompt=_make_prompt(cell.prompt, texts.phrases, find_style(settings.style, styles)),
        frames=cell.frames if cell.frames is NO_FRAMES else _fill_frames(cell.frames, words),
        duration=settings.duration,
        resolution=settings.resolution,
        takes=settings.takes,
        tags=_fill_tags(cell, words) if cell.tags else (),
        switches=settings.switches,
        notes=fill_placeholders(cell.notes, texts.phrases) if cell.notes else "",
        sequence=entry.sequence,
        providers=settings.providers,
        cut=cell.cut,
        meta=cell.meta,
        places=settings.places,
    )


def _make_prompt(prompt: str, values: Mapping[str, str], style: Style) -> str:
    return normalize_commands((style.prefix + fill_placeholders(prompt, values).strip() + style.suffix).strip())


def _fill_tags(cell: CellEntry, values: Mapping[str, str]) -> tuple[str, ...]:
    """The tags of all levels, each once."""
    tags = [fill_placeholders(tag, values) for _, tags in cell.tags for tag in tags]
    return tuple(dict.fromkeys(tags))


def _check_id(shot_id: str) -> str:
    if _ID.match(shot_id):
        return shot_id
    if len(shot_id) > 64:
        why = f"{quote_text(shot_id)} has {len(shot_id)} characters; an id is part of a file name, and may have 64."
        raise InterpolationError(rules.SHOT_ID, why, "Make it shorter.")
    why = f"{quote_text(shot_id)} is to be part of a file name."
    remedy = "Use letters, digits, dot, dash and underscore, and begin with a letter or digit."
    raise InterpolationError(rules.SHOT_ID, why, remedy)


def _fill_frames(frames: Frames, values: Mapping[str, str]) -> Frames:
    return Frames(
        first=None if frames.first is None else _fill_frame(frames.first, values),
        last=None if frames.last is None else _fill_frame(frames.last, values),
    )


def _fill_frame(frame: Frame, values: Mapping[str, str]) -> Frame:
    match frame:
        case FileFrame(path=path):
            filled = fill_placeholders(path, values)
            return UrlFrame(url=filled, rights=frame.rights) if "://" in filled else replace(frame, path=filled)
        case UrlFrame(url=url):
            return replace(frame, url=fill_placeholders(url, values))
        case ShotFrame(shot=shot):
            return replace(frame, shot=fill_placeholders(shot, values))


def _id_clashes(shots: list[Shot]) -> Iterator[Problem]:
    """Ids that are the same, or would name the same file where letters' case does not count."""
    first_with: dict[str, Shot] = {}
    reported = set()
    for shot in shots:
        other = first_with.setdefault(shot.id.casefold(), shot)
        if other is not shot and (shot.index, other.index) not in reported:
            reported.add((shot.index, other.index))
            yield _clash_problem(shot, other)


def _clash_problem(shot: Shot, other: Shot) -> Problem:
    remedy = "Rename one of them."
    if other.id != shot.id:
        why = f'"{shot.id}" and "{other.id}" differ only in case and would name one file on macOS and Windows.'
    elif other.index == shot.index:
        why = f'the matrix makes "{shot.id}" more than once.'
        remedy = "Put every name of the matrix into the id, as in pack-${colour}, and no value twice."
    else:
        why = f'"{shot.id}" is also the id of shot {other.index + 1} of the list.'
    path, other_path = ("shots", shot.index, "id"), ("shots", other.index, "id")
    return Problem(rule=rules.SHOT_TWICE, why=why, remedy=remedy, path=path, other_path=other_path, shot=shot.id)
