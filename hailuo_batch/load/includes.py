"""A manifest with the files that it includes → one tree of plain values, and where each of them is written.

Included files come first, in the order of the list; a name that a file writes itself wins over those that it includes.
Each file is read once, checked against its own schema, and counts once, however many files include it.

Money: what is included decides what is bought, so no link and no `..` leads out of the project.
"""

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.problem import DocumentPath, Problem, Rule, Severity, did_you_mean
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.load.include_frames import move_frames
from hailuo_batch.load.include_stamp import IncludeStamp
from hailuo_batch.load.manifest import MAX_PROBLEMS, Wanted, read_and_validate
from hailuo_batch.load.manifest_values import make_manifest
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.sources import Origin, Source, Sources
from hailuo_batch.load.user_files import MAX_BYTES
from hailuo_batch.values import dataclass

MAX_DEPTH = 10  # of files that include files
MAX_INCLUDES = 1_000  # of one manifest, counted wherever they are written
_ENDINGS = frozenset({".yaml", ".yml"})
_MAPPINGS = ("vars", "styles", "defaults", "meta")
_LENGTHS = frozenset({("defaults", "duration"), ("defaults", "cut")})  # who writes one of these means it alone
_OF_MANIFESTS_ONLY = frozenset({"campaign", "model", "providers", "budget"})


def read_included(
    tree: Mapping[str, Any], main: Source, root: Path, files: ProjectFiles = DISK
) -> tuple[Manifest | None, tuple[Problem, ...], Sources]:
    """The manifest of `main` with all that it includes; None with the problems of the included files."""
    reader = _Reader(root=root.resolve(), bytes_left=MAX_BYTES, files=files)
    names = reader.read_tree(tree, main, (main.file,))
    problems = [*reader.problems, *_find_conflicts(names.values())]
    merged, origins = _merge_tree(tree, names, reader.shots)
    sources = Sources(main=main, included=tuple(reader.sources), origins=origins, stamps=tuple(reader.stamps))
    if not problems and not merged["shots"]:
        problems.append(_place_problem(_no_shots_problem(), main))
    located = sources.locate_problems(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return None, located, sources
    return (
        move_frames(make_manifest(merged), [source for _, (source, _) in reader.shots], sources.main),
        located,
        sources,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What one file says of a name; `rival` is another value, of a file that is included beside it."""

    value: object
    origin: Origin
    rival: Origin | None = None


_Names = dict[DocumentPath, _Entry]


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What was read so far."""

    root: Path
    bytes_left: int
    files: ProjectFiles
    includes: int = 0
    names: dict[Path, _Names] = field(default_factory=dict)  # of each file, with all that it includes
    shots: list[tuple[Any, Origin]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    stamps: list[IncludeStamp] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read_tree(self, tree: Mapping[str, Any], source: Source, trail: tuple[Path, ...]) -> _Names:
        """The names of a file with those that it includes; its shots come behind theirs."""
        merged: _Names = {}
        for place, written in enumerate(tree.get("include", ())):
            try:
                included = self._read_entry(source, place, written, trail)
            except _IncludeError as error:
                problem = Problem(rule=error.rule, why=error.why, remedy=error.remedy, path=("include", place))
                self.problems.append(_place_problem(problem, source))
                continue
            _add_names(merged, included)
        own = dict(_list_names(tree, source))
        if not _LENGTHS.isdisjoint(own):
            merged = {name: entry for name, entry in merged.items() if name not in _LENGTHS}
        self.shots += [(shot, (source, ("shots", place))) for place, shot in enumerate(tree.get("shots", ()))]
        return _add_own(merged, own)

    def _read_entry(self, source: Source, place: int, written: str, trail: tuple[Path, ...]) -> _Names:
        self.includes += 1
        if self.includes > MAX_INCLUDES or len(trail) > MAX_DEPTH:
            why = f"a manifest has {MAX_INCLUDES:,} includes at most, and files include files {MAX_DEPTH} deep at most."
            raise _IncludeError(why, "Put some of these files together.")
        named = source.file.parent / written
        file = self._resolve(named, written)
        if file in trail:
            names = [quote_text(each.name) for each in (*trail[trail.index(file) :], file)]
            raise _IncludeError(f"{' → '.join(names)}: each includes the next.", "Delete one.", rules.INCLUDE_CYCLE)
        if file in self.names:
            self._add_stamp(named, file, next(each.data for each in self.sources if each.file == file))
            return self.names[file]
        data = self._read_bytes(file, written)
        self._add_stamp(named, file, data)
        name = posixpath.normpath(posixpath.join(posixpath.dirname(source.name), written))
        included = Source(file=file, name=name, data=data, included_by=source, place=place)
        self.sources.append(included)
        tree, problems = read_and_validate(data, name=name, schema="include", many="shots", definition="shot")
        self.problems += [included.add_chain(_explain_key(problem)) for problem in problems]
        self.names[file] = self.read_tree(tree, included, (*trail, file))
        return self.names[file]

    def _resolve(self, named: Path, written: str) -> Path:
        try:
            file = self.files.resolve(named)
        except (OSError, ValueError):  # a null byte
            raise _missing_file(named, written, self.files) from None
        if not file.is_relative_to(self.root):
            why = f"{quote_text(written)} leads out of the project, to {file}."
            raise _IncludeError(why, "Copy the file into the project.")
        # Messages show lines of what is read: a manifest of a stranger names no other file.
        if not {named.suffix.lower(), file.suffix.lower()} <= _ENDINGS and self._is_file(file):
            raise _IncludeError(f"{quote_text(written)} is no YAML file by its name.", "Name one that ends with .yaml.")
        return file

    def _is_file(self, file: Path) -> bool:
        return self.files.exists(file) and not self.files.is_folder(file)

    def _read_bytes(self, file: Path, written: str) -> bytes:
        try:
            data = self.files.read_regular(file, MAX_BYTES)
        except UnsafeFileError as error:
            raise _IncludeError(f"{quote_text(written)} {error.reason}.", error.remedy or "Name a file.") from None
        except IsADirectoryError:
            raise _IncludeError(f"{quote_text(written)} is a folder.", "Name each of its files.") from None
        except (FileNotFoundError, NotADirectoryError):
            raise _missing_file(file, written, self.files) from None
        except OSError as error:
            raise _IncludeError(f"{quote_text(written)} cannot be read: {error.strerror}.", "") from None
        self.bytes_left -= len(data)
        if self.bytes_left < 0:
            why = f"the included files are larger than {MAX_BYTES // 1024**2} MB together."
            raise _IncludeError(why, "Split the list into several manifests.")
        return data

    def _add_stamp(self, named: Path, file: Path, data: bytes) -> None:
        self.stamps.append(IncludeStamp(str(named), str(file), sha256(data).hexdigest()))


class _IncludeError(Exception):
    """What is wrong with an entry of a list of includes."""

    def __init__(self, why: str, remedy: str, rule: Rule = rules.INCLUDE_FILE) -> None:
        super().__init__(why)
        self.why, self.remedy, self.rule = why, remedy, rule


def _missing_file(path: Path, written: str, files: ProjectFiles) -> _IncludeError:
    why = f"there is no file {quote_text(written)}."
    if "\\" in written:
        return _IncludeError(why, f"Write {written.replace(chr(92), '/')} with slashes, which every system reads.")
    try:
        near = did_you_mean(path.name, files.list_names(path.parent))
    except (OSError, ValueError):
        near = ""
    return _IncludeError(why, near or "Paths begin at the folder of the file that includes.")


def _no_shots_problem() -> Problem:
    why = '"shots" is needed: neither this file nor one that it includes has any.'
    return Problem(rule=rules.KEY_MISSING, why=why, remedy="Write shots here, or include a file that has some.")


def _place_problem(problem: Problem, source: Source) -> Problem:
    wanted = (problem.path, problem.on_key)
    return problem.with_place(source.find_places([wanted])[wanted])


def _explain_key(problem: Problem) -> Problem:
    """An unknown key that a manifest may have is not misspelt: it is in the wrong file."""
    if problem.rule != rules.KEY_UNKNOWN or len(problem.path) != 1 or problem.path[0] not in _OF_MANIFESTS_ONLY:
        return problem
    why = f'"{problem.path[0]}" is a key of the manifest, and this file is included.'
    return replace(problem, rule=rules.INCLUDE_KEY, why=why, remedy="Move it to the manifest.")


def _list_names(tree: Mapping[str, Any], source: Source) -> Iterator[tuple[DocumentPath, _Entry]]:
    """What a file writes itself, by name; that of a sequence is its id. One with an id that came before stays too."""
    for part in _MAPPINGS:
        for name, value in tree.get(part, {}).items():
            yield (part, name), _Entry(value=value, origin=(source, (part, name)))
    seen = set()
    for place, sequence in enumerate(tree.get("sequences", ())):
        name = ("sequences", sequence["id"])
        yield (*name, place) if name in seen else name, _Entry(value=sequence, origin=(source, ("sequences", place)))
        seen.add(name)
    for name, value in tree.items():
        if name.startswith("x-"):
            yield (name,), _Entry(value=value, origin=(source, (name,)))


def _add_names(merged: _Names, included: _Names) -> None:
    """Adds the names of a file to those of the files before it in one list."""
    for name, entry in included.items():
        known = merged.setdefault(name, entry)
        if known is not entry and known.rival is None and (entry.rival or not _is_same(known, entry)):
            merged[name] = replace(known, rival=entry.rival or entry.origin)


def _add_own(included: _Names, own: _Names) -> _Names:
    """The names with those that the file writes itself, which win."""
    everything = {**included, **own}
    order = _order_sequences(included, [name for name in own if name[0] == "sequences"])
    return {**{name: everything[name] for name in order}, **everything}


def _order_sequences(included: _Names, own: Iterable[DocumentPath]) -> Iterator[DocumentPath]:
    """The sequences in the order of the edit: as included, and those that the file writes itself in its own order."""
    blocks: list[list[DocumentPath]] = []  # each ends with one that is included too
    new: list[DocumentPath] = []
    for name in own:
        new.append(name)
        if name in included:
            blocks.append(new)
            new = []
    again = {block[-1] for block in blocks}
    following = iter(blocks)
    for name in included:
        if name[0] == "sequences":
            yield from next(following) if name in again else [name]
    yield from new


def _is_same(one: _Entry, other: _Entry) -> bool:
    return one.origin == other.origin or _value_text(one.value) == _value_text(other.value)


def _value_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _find_conflicts(entries: Iterable[_Entry]) -> Iterator[Problem]:
    """Names with two values; for a column, which is only shown, the first counts, with a warning."""
    pairs = [(entry.origin, entry.rival) for entry in entries if entry.rival is not None]
    pairs.sort(key=lambda pair: _is_column(pair[0][1]))  # so that no error is cut off
    pairs = pairs[:MAX_PROBLEMS]
    wanted: dict[Source, set[Wanted]] = {}
    for source, path in (origin for pair in pairs for origin in pair):
        wanted.setdefault(source, set()).add((path, True))
    places = {source: source.find_places(paths) for source, paths in wanted.items()}
    for (source, path), (other, other_path) in pairs:
        first = places[source][path, True]
        name = "this sequence" if path[0] == "sequences" else quote_text(str(path[-1]))
        rule, remedy = rules.INCLUDE_CONFLICT, "Rename one, or write it in the file that includes both."
        yield Problem(
            rule=rule.as_warning() if _is_column(path) else rule,
            why=f"{name} has another value in {first.file}:{first.line}:{first.column}.",
            remedy="The first one counts." if _is_column(path) else remedy,
            path=other_path,
            place=places[other][other_path, True],
        )


def _is_column(path: DocumentPath) -> bool:
    return path[0] == "meta" or str(path[0]).startswith("x-")


def _merge_tree(
    tree: Mapping[str, Any], names: _Names, shots: list[tuple[Any, Origin]]
) -> tuple[dict[str, Any], dict[DocumentPath, Origin]]:
    """The values of all files as those of one manifest, and where each name, sequence and shot is written."""
    merged: dict[str, Any] = {key: tree[key] for key in _OF_MANIFESTS_ONLY if key in tree}
    merged["sequences"], merged["shots"] = [], [shot for shot, _ in shots]
    origins: dict[DocumentPath, Origin] = {("shots", place): origin for place, (_, origin) in enumerate(shots)}
    for (part, *name), entry in names.items():
        if part == "sequences":
            origins[part, len(merged[part])] = entry.origin
            merged[part].append(entry.value)
        elif name:
            origins[part, name[0]] = entry.origin
            merged.setdefault(str(part), {})[name[0]] = entry.value
        else:
            origins[(part,)] = entry.origin
            merged[str(part)] = entry.value
    return merged, origins
