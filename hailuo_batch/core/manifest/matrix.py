"""A matrix → its cells: combinations of words and phrases, without those left out, with those added.

A cell has a word for each name, which goes into ids, tags and frames, and a phrase, which goes into prompts and notes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Cell, ShotEntry
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.settings import CellTexts
from hailuo_batch.core.problem import DocumentPath, Problem, Suggestions

WordPair = tuple[str, str]  # a word and its phrase
Pairs = tuple[WordPair, ...]  # one for each name of the matrix, in its order


def unroll_matrix(entry: ShotEntry, variables: CellTexts, problems: dict[Problem, None]) -> Iterator[CellTexts]:
    """The cells of an entry, one without a matrix; adds what is wrong with them."""
    if not entry.matrix:
        for key in ("exclude", "include", "overrides"):
            if getattr(entry, key):
                why = f'"{key}" is about cells of a matrix, and shot {quote_text(entry.id)} has none.'
                problems[_cell_problem(why, "Add a matrix, or delete it.", ("shots", entry.index, key))] = None
        return iter((variables,))
    return _unroll_cells(entry, variables.words, problems)


def _unroll_cells(entry: ShotEntry, names: Mapping[str, str], problems: dict[Problem, None]) -> Iterator[CellTexts]:
    here: DocumentPath = ("shots", entry.index)
    cells: Iterable[Pairs] = product(*(values.items() for values in entry.matrix.values()))
    suggestions = Suggestions()
    excluded = _Selection(entry, entry.matrix, suggestions)
    for number, cell in enumerate(entry.exclude):
        excluded.add(cell, (*here, "exclude", number), problems)
    known = _known_words(entry)
    chosen = _Selection(entry, known, suggestions)
    for number, override in enumerate(entry.overrides):
        chosen.add(override.where, (*here, "overrides", number, "where"), problems)
    kept = (cell for cell in cells if not excluded.find(cell)) if entry.exclude else cells
    made = 0
    for pairs in chain(kept, _added_cells(entry, excluded, suggestions, problems)):
        made += 1
        yield _fill_cell(entry, names, pairs, chosen.find(pairs) if entry.overrides else ())
    if not made:
        why = f"every cell of shot {quote_text(entry.id)} is left out, so it makes no shot."
        problems[_cell_problem(why, "Leave out fewer cells, or delete the shot.", (*here, "exclude"))] = None
    problems.update(dict.fromkeys(chain(excluded.list_unused(), chosen.list_unused())))


def _fill_cell(entry: ShotEntry, names: Mapping[str, str], pairs: Pairs, overrides: tuple[int, ...]) -> CellTexts:
    words, phrases = dict(names), None
    for name, (word, phrase) in zip(entry.matrix, pairs, strict=True):
        words[name] = words[f"{name}.key"] = word
        words[f"{name}.text"] = phrase
        if phrase != word:
            phrases = {**(phrases or {}), name: phrase}
    return CellTexts(words=words, phrases={**words, **phrases} if phrases else words, overrides=overrides)


def _known_words(entry: ShotEntry) -> Mapping[str, Mapping[str, str]]:
    """The words of each name, those of added cells among them."""
    known = {name: dict(values) for name, values in entry.matrix.items()} if entry.include else entry.matrix
    for cell in entry.include:
        for name, (word, phrase) in cell.items():
            if name in known:
                known[name].setdefault(word, phrase)  # type: ignore[attr-defined] # it is a copy
    return known


def _added_cells(
    entry: ShotEntry, excluded: "_Selection", suggestions: Suggestions, problems: dict[Problem, None]
) -> Iterator[Pairs]:
    names = tuple(entry.matrix)
    added: set[tuple[str, ...]] = set()
    for number, cell in enumerate(entry.include):
        path: DocumentPath = ("shots", entry.index, "include", number)
        unknown = [name for name in cell if name not in entry.matrix]
        for name in unknown:
            problems[_unknown_name(name, names, path, suggestions)] = None
        missing = [name for name in names if name not in cell]
        if missing:
            why = f"a cell to add needs a value for {quote_text(missing[0])}, as every other cell has one."
            problems[_cell_problem(why, f"Write {missing[0]}: and its value.", path)] = None
        if unknown or missing:
            continue
        pairs = tuple(cell[name] for name in names)
        words = tuple(word for word, _ in pairs)
        in_matrix = all(word in entry.matrix[name] for name, word in zip(names, words, strict=True))
        if words in added or (in_matrix and not excluded.find(pairs)):
            why = f"the matrix already has the cell {_describe_cell(dict(zip(names, words, strict=True)))}."
            problems[_cell_problem(why, "Delete this one; to change a cell, write it under overrides.", path)] = None
            continue
        added.add(words)
        yield pairs


class _Selection:
    """Which of some cells fit: each is words for some names, in the manifest's order, found without a search."""

    def __init__(self, entry: ShotEntry, known: Mapping[str, Mapping[str, str]], suggestions: Suggestions) -> None:
        self._names, self._known, self._suggestions = tuple(entry.matrix), known, suggestions
        self._by_places: dict[tuple[int, ...], dict[tuple[str, ...], list[int]]] = {}
        self._paths: dict[int, tuple[DocumentPath, Cell]] = {}
        self._used: set[int] = set()
        self._count = 0

    def add(self, cell: Cell, path: DocumentPath, problems: dict[Problem, None]) -> None:
        """One more, with the next number, unless the matrix has no such names or words."""
        number, self._count = self._count, self._count + 1
        wrong = list(self._list_problems(cell, path))
        if wrong:
            problems.update(dict.fromkeys(wrong))
            return
        places = tuple(place for place, name in enumerate(self._names) if name in cell)
        words = tuple(cell[self._names[place]] for place in places)
        self._by_places.setdefault(places, {}).setdefault(words, []).append(number)
        self._paths[number] = path, cell

    def _list_problems(self, cell: Cell, path: DocumentPath) -> Iterator[Problem]:
        for name, word in cell.items():
            if name not in self._known:
                yield _unknown_name(name, self._names, path, self._suggestions)
            elif word not in self._known[name]:
                why = f"the matrix has no {name} called {quote_text(word)}."
                some = ", ".join(list(self._known[name])[:8])
                remedy = self._suggestions.suggest(word, self._known[name]) or f"Write one of {some}."
                yield _cell_problem(why, remedy, (*path, name))

    def find(self, pairs: Sequence[WordPair]) -> tuple[int, ...]:
        """The numbers of those that fit a cell, in order."""
        found: list[int] = []
        for places, by_words in self._by_places.items():
            found += by_words.get(tuple(pairs[place][0] for place in places), ())
        self._used.update(found)
        return tuple(sorted(found))

    def list_unused(self) -> Iterator[Problem]:
        """A warning for each that fits no cell."""
        for number, (path, cell) in self._paths.items():
            if number not in self._used:
                why = f"no cell fits {_describe_cell(cell)}, or others have left it out before."
                yield Problem(rule=rules.CELL_UNUSED, why=why, remedy="Delete it, or change its values.", path=path)


def _describe_cell(cell: Cell) -> str:
    return quote_text(", ".join(f"{name}: {word}" for name, word in cell.items()))


def _unknown_name(name: str, names: Sequence[str], path: DocumentPath, suggestions: Suggestions) -> Problem:
    why = f"the matrix has no name {quote_text(name)}."
    remedy = suggestions.suggest(name, names) or f"Its names are {', '.join(names[:8])}."
    return Problem(rule=rules.CELL, why=why, remedy=remedy, path=(*path, name), on_key=True)


def _cell_problem(why: str, remedy: str, path: DocumentPath) -> Problem:
    return Problem(rule=rules.CELL, why=why, remedy=remedy, path=path)
