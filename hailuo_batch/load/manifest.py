"""A manifest's text → `Manifest` and problems. A bad manifest never raises here, and all its problems come together.

The JSON Schema is the truth about form; meaning (names, references, what providers sell) is checked in `core`.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import (
    Manifest,
)
from hailuo_batch.core.problem import SECRET_NAME, DocumentPath, Place, Problem, Severity, name_shots
from hailuo_batch.core.signatures import mask_signatures
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.load.api_keys import find_key, read_set_keys
from hailuo_batch.load.document import Document, locate, read_document
from hailuo_batch.load.manifest_values import make_manifest
from hailuo_batch.load.own_columns import is_own_column, put_written
from hailuo_batch.load.schemas import matches_schema
from hailuo_batch.load.wrong_files import find_wrong_file

MAX_PROBLEMS = 50
SHOWN_PLACES = 3  # of one problem that comes more often
_CELL_KEYS = frozenset({"matrix", "exclude", "include", "where"})  # below which a number is a word
_SHOT_WORDS = re.compile(r'^shot "[^"]*"')
_SETTING_NAMES = frozenset({"duration", "resolution", "takes", "style", "providers", *SWITCH_NAMES})
_USUAL_NAMES = frozenset({"id", "prompt", "frames", "tags", "notes", *_SETTING_NAMES})  # of most shots
# Gateways' key forms that differ from words: MindVideo's prefix, the common sk-, and signed tokens.
_SECRET_PATTERNS = (
    (b"mv_live_", rb"mv_live_\w{8,}"),
    (b"sk-", rb"\bsk-[\w-]{20,}"),
    (b"eyJ", rb"\beyJ[\w-]{16,}\.[\w.-]{16,}"),
)
_NAMED_SECRET = re.compile(rf"((?:{SECRET_NAME.pattern})[\w-]*[\"']?\s*[:=]\s*)(\S.*)", re.IGNORECASE)
_NAMED_SECRET_IN_WORDS = re.compile(rf"((?:{SECRET_NAME.pattern})[\w-]*[\"']?\s*[:=]\s*)(\S.*)", re.IGNORECASE)


def read_manifest(data: bytes, *, name: str, most: int = MAX_PROBLEMS) -> tuple[Manifest | None, tuple[Problem, ...]]:
    """The manifest with its warnings, or None with what stops it; `name` is the file's name in messages.

    It has what its own file says: `includes.py` reads what it includes.
    """
    tree, problems = read_manifest_tree(data, name=name, most=most)
    return (make_manifest(tree) if tree else None), problems


def read_manifest_tree(
    data: bytes, *, name: str, most: int = MAX_PROBLEMS
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """A manifest as plain values with its warnings; they are empty when something stops it."""
    if wrong := find_wrong_file(data, name):
        return {}, (wrong,)
    return read_and_validate(data, name=name, schema="manifest", many="shots", definition="shot", most=most)


def read_and_validate(
    data: bytes, *, name: str, schema: str, many: str = "", definition: str = "", most: int = MAX_PROBLEMS
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """A file that a person writes, as plain values that the schema holds for, and everything that is wrong with it.

    The values are empty when it cannot be used; beside values there are only warnings.
    """
    if secret := find_secret(data, name):
        return {}, (secret,)
    document = read_document(data, name=name, keeps_text=is_own_column)
    said = tuple(name_shots(map(_mask_secrets, document.problems), partial(_written_id, document.tree)))
    if document.tree is None or not all(map(_is_recoverable, said)):
        return {}, said
    if not matches_schema(schema, document.tree):
        if schema == "manifest" and _is_included_file(document.tree):
            return {}, (_included_file_problem(name),)
        from hailuo_batch.load.schema_messages import find_schema_problems

        spoken = {problem.path for problem in said if problem.severity is Severity.ERROR}
        found = tuple(find_schema_problems(schema, document.tree, many=many, definition=definition, most=most)) or (
            _FALLBACK_PROBLEM,
        )
        found = tuple(_repeat_number(each, document) for each in found if each.path not in spoken)
        named = name_shots(found, partial(_written_id, document.tree))
        return {}, locate_problems((*said, *named), data, name=name, most=most)
    if any(problem.severity is Severity.ERROR for problem in said):
        return {}, said
    tree: dict[str, Any] = document.tree  # type: ignore[assignment] # the schema says that it is a mapping
    for path, words in document.written.items():
        if schema in _SHOT_LISTS and (path[0] == "vars" or _CELL_KEYS.intersection(path[2:5:2])):
            _put(tree, path, words)  # it becomes part of a text, which repeats what was written
    if schema in _SHOT_LISTS:
        put_written(tree, document.written)
    return tree, said


_SHOT_LISTS = frozenset({"manifest", "include"})


def _written_id(tree: Any, index: int) -> str:
    """The id of an entry as it is written; "" where there is none, whatever stands there."""
    with suppress(LookupError, TypeError):
        written = tree["shots"][index]["id"]
        return written if isinstance(written, str) else ""
    return ""


def _put(tree: Any, path: DocumentPath, words: str) -> None:
    with suppress(LookupError):  # below a merge key, which is not in the values
        for part in path[:-1]:
            tree = tree[part]
        tree[path[-1]] = words


def _repeat_number(problem: Problem, document: Document) -> Problem:
    """A problem about a number, in the user's spelling of it."""
    words = document.written.get(problem.path)
    if words is None:
        return problem
    value: Any = document.tree
    for part in problem.path:
        value = value[part]
    why, remedy = (text.replace(str(value), words) for text in (problem.why, problem.remedy))
    return replace(problem, why=why, remedy=remedy)


def _is_included_file(tree: object) -> bool:
    """Whether a file without a campaign is one for manifests to include; shots with a version lack their campaign."""
    if not isinstance(tree, dict) or "campaign" in tree or {"version", "shots"} <= tree.keys():
        return False
    return tree.keys() != {"version"} and matches_schema("include", tree)


def _included_file_problem(name: str) -> Problem:
    why = "it has no campaign: it is a file that manifests include, and is checked with them."
    remedy = "Name a manifest that includes it."
    return Problem(rule=rules.INCLUDED_FILE, why=why, remedy=remedy, place=Place(file=name, line=1, column=1))


def _is_recoverable(problem: Problem) -> bool:
    """Whether the value it is about was read as it is most likely meant, so that its form can be checked too."""
    return problem.severity is Severity.WARNING or problem.rule == rules.YAML_NUMBER


_FALLBACK_PROBLEM = Problem(
    rule=rules.FORM, why="a value has a character that cannot be used there.",
    remedy="Check the addresses and names in the file, and write them anew.",
)  # fmt: skip


def locate_problems(
    problems: Iterable[Problem], data: bytes, *, name: str, most: int = MAX_PROBLEMS
) -> tuple[Problem, ...]:
    """The same problems with line and column, in the order of the file; at most so many, then how many more.

    One that comes often is one problem with a count. What is missing at the top comes first: it decides the most.
    """
    return place_problems(problems, partial(locate, data, name=name), most=most)


Wanted = tuple[DocumentPath, bool]  # a value, or its key


def place_problems(
    problems: Iterable[Problem],
    find_places: Callable[[set[Wanted]], Mapping[Wanted, Place]],
    *,
    files: Iterable[str] = (),
    own_path: Callable[[DocumentPath], DocumentPath] = tuple,
    most: int = MAX_PROBLEMS,
) -> tuple[Problem, ...]:
    """What `locate_problems` does, for values that may be in several `files`, which come in this order.

    `own_path` is the path of a value in its own file.
    """
    problems = tuple(problems)
    kinds = _group_problems(problem for problem in problems if problem.rule != rules.MORE)
    if not kinds:
        return ()
    # So that errors and the whole file's own are never cut off.
    kinds.sort(key=lambda kind: (kind[0].severity is Severity.WARNING, len(kind[0].path)))
    shown = kinds[:most]
    wanted = {(problem.path, problem.on_key) for kind in shown for problem in kind[:SHOWN_PLACES]}
    wanted |= {(problem.other_path, problem.on_key) for kind in shown for problem in kind[:1] if problem.other_path}
    places = find_places(wanted)
    found = [_locate_kind(kind, places, own_path) for kind in shown]
    ranks = {file: rank for rank, file in enumerate(files)}
    found.sort(key=partial(_rank_place, ranks))
    found.sort(key=lambda problem: problem.rule != rules.KEY_MISSING or bool(problem.path))
    hidden = sum(problem.count for kind in kinds[most:] for problem in kind)
    hidden += sum(problem.count for problem in problems if problem.rule == rules.MORE)
    if hidden:
        why = f"{hidden:,} more problems are not shown; mend these first."
        found.append(Problem(rule=rules.MORE, why=why))
    return tuple(found)


def _rank_place(ranks: Mapping[str, int], problem: Problem) -> tuple[int, int, int]:
    place = problem.place
    return (ranks.get(place.file, 0), place.line, place.column) if place is not None else (0, 0, 0)


def _group_problems(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Those that say the same of many entries of a list, together; a few are shown one by one."""
    kinds: dict[object, list[Problem]] = {}
    for place, problem in enumerate(_fold_cells(problems)):
        is_entry = any(isinstance(part, int) for part in problem.path)
        words = _SHOT_WORDS.sub("", problem.why)
        file = problem.place.file if problem.place is not None else ""
        kinds.setdefault((problem.rule.id, words, problem.remedy, file) if is_entry else place, []).append(problem)
    return [
        part for kind in kinds.values() for part in ([kind] if len(kind) > SHOWN_PLACES else [[each] for each in kind])
    ]


def _fold_cells(problems: Iterable[Problem]) -> Iterator[Problem]:
    """What the shots of one matrix share, once with a count: they have one place in the file.

    A few that differ in their words, such as the names of missing images, are shown one by one.
    """
    groups: dict[object, list[Problem]] = {}
    for place, problem in enumerate(problems):
        is_shot = problem.path[:1] == ("shots",) and problem.place is None
        groups.setdefault((problem.rule.id, problem.path, problem.on_key) if is_shot else place, []).append(problem)
    for group in groups.values():
        if len(group) > SHOWN_PLACES:
            yield replace(group[0], count=sum(each.count for each in group))
            continue
        alike: dict[object, Problem] = {}
        for each in group:
            words = (_SHOT_WORDS.sub("", each.why), each.remedy)
            known = alike.get(words)
            alike[words] = each if known is None else replace(known, count=known.count + each.count)
        yield from alike.values()


def _locate_kind(
    kind: list[Problem], places: Mapping[Wanted, Place], own_path: Callable[[DocumentPath], DocumentPath]
) -> Problem:
    first = kind[0]
    more = (problem.place or places.get((problem.path, problem.on_key)) for problem in kind[1:SHOWN_PLACES])
    located = _name_other(first.with_place(first.place or places.get((first.path, first.on_key))), places)
    located = located if first.place is not None else replace(located, path=own_path(first.path))
    file = located.place.file if located.place is not None else ""
    lines = tuple(place.line for place in more if place is not None and place.file == file)
    return _mask_secrets(
        replace(located, count=sum(problem.count for problem in kind), more_lines=located.more_lines or lines)
    )


def _name_other(problem: Problem, places: Mapping[Wanted, Place]) -> Problem:
    """The same problem; what it contradicts is named with its place when that is in another file."""
    other = places.get((problem.other_path, problem.on_key)) if problem.other_path else None
    if other is None or problem.place is None or other.file == problem.place.file:
        return problem
    return replace(problem, why=f"{problem.why} It is in {other.file}:{other.line}:{other.column}.")


def _mask_secrets(problem: Problem) -> Problem:
    """The same problem, with what stands behind `api_key:` and its like blotted out, in place."""
    place = problem.place
    if place is not None:
        place = replace(place, text=mask_signatures(place.text))
    why, remedy = mask_signatures(problem.why), mask_signatures(problem.remedy)
    if place is not None and SECRET_NAME.search(place.text):
        text = _NAMED_SECRET.sub(lambda match: match[1] + "•" * len(match[2]), place.text)
        place = replace(place, text=text)
        why, remedy = (_NAMED_SECRET_IN_WORDS.sub(r"\1•••", words) for words in (why, remedy))
    return replace(problem, place=place, why=why, remedy=remedy)


def find_secret(data: bytes, name: str) -> Problem | None:
    """That a key is in the file. Money and trust: it is refused before anything else, and never shown."""
    for marker, pattern in _SECRET_PATTERNS:
        if marker in data and (match := re.search(pattern, data)):
            return _secret_problem("what looks like an API key", data, match.start(), name)
    for variable, key in read_set_keys():
        if (place := find_key(key, data)) is not None:
            return _secret_problem(f"the value of {variable}", data, place, name)
    return None


def _secret_problem(what: str, data: bytes, start: int, name: str) -> Problem:
    before = data[:start].removeprefix(BOM_UTF8).decode(errors="replace")  # columns count characters
    place = Place(file=name, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))
    why = f"this line holds {what}. Keys come from the environment, not from a file."
    remedy = "Delete it, and renew the key if it was ever committed."
    return Problem(rule=rules.SECRET, why=why, remedy=remedy, place=place)
