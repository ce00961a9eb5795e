"""The review beside a manifest (`film.review.yaml`): read into a `Review` with its problems, and written from one.

It is written by commands and by hand, so everything wrong with it is said with line and column. Written anew it is
sorted by shot, one line for each fact: so branches that judge different shots merge, and two on one shot conflict.
Where somebody wrote comments, only what was decided is changed in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.plan.judgement import Judgement, Omission, ReviewNote, Selection, Verdict
from hailuo_batch.core.plan.review import Acceptance, Retake, Review, ShotReview
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.errors import FileChangedError, StoreError
from hailuo_batch.load.manifest import locate_problems, read_and_validate
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.review_comments import BLOCK_KEYS
from hailuo_batch.load.settings import read_file
from hailuo_batch.load.sidecar import quote_yaml, read_source, replace_source, source_digest

Fact = Mapping[str, str | int]  # one decision, member by member
REVIEW_HEADER = """\
# What was decided about shots: who, when and why. Written by hailuo-batch and by hand; commit it with the manifest.
version: 1
"""


def read_review(
    path: Path, *, name: str, shots: Iterable[str], files: ProjectFiles = DISK
) -> tuple[Review, tuple[Problem, ...]]:
    """A review and everything that is wrong with it; `name` is the file's in messages, `shots` are the manifest's ids.

    An entry of a shot that the manifest does not have stays, with a warning. Raises `InputError` when the file cannot
    be read at all.
    """
    data = read_file(path, files)
    tree, problems = read_and_validate(data, name=name, schema="review")
    entries: Mapping[str, Any] = tree.get("shots", {})
    wrong = (*_find_unknown_shots(entries, list(shots)), *_find_double_verdicts(entries))
    found = (*problems, *locate_problems(wrong, data, name=name)) if wrong else problems
    return Review(shots=_parse_shots(entries), source=source_digest(data)), found


def review_text(review: Review) -> str:
    """The file's text."""
    return REVIEW_HEADER + f"shots:{'' if review.shots else ' {}'}\n" + "".join(_lines(review))


def write_review(path: Path, review: Review) -> None:
    """Writes the review, whole or not at all; `StoreError` when it cannot be."""
    try:
        text = merged_text(read_source(path), review)
        replace_source(path, text.encode(), review.source)
    except FileChangedError as changed:
        remedy = "Nothing was decided. Check the file and the branch, then run the command again."
        raise FileChangedError(
            "the review was changed meanwhile, so it was not written over", why=changed.why, remedy=remedy
        ) from None
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        remedy = "Nothing was decided. Make room, or see who may write there, and say it again."
        raise StoreError("the review could not be written", why=why, remedy=remedy) from None


def merged_text(before: bytes | None, review: Review) -> str:
    """The text of a review that takes the place of this one: comments of people stay."""
    return _commented_text(before, review) or review_text(review)


def _commented_text(before: bytes | None, review: Review) -> str | None:
    """The text that was there with these decisions; None where nobody wrote a comment, or where it cannot be kept."""
    if before is None or b"#" not in before.removeprefix(REVIEW_HEADER.encode()):
        return None
    from hailuo_batch.load.review_comments import edit_text

    entries = {shot: dict(_list_facts(each)) for shot, each in sorted(review.shots.items())}
    text = edit_text(before.decode(errors="replace"), entries)
    tree, _ = read_and_validate((text or "").encode(), name="", schema="review")
    found = {shot: dict(_list_facts(each)) for shot, each in sorted(_parse_shots(tree.get("shots", {})).items())}
    found = {shot: facts for shot, facts in found.items() if facts}
    return text if tree and found == entries else None  # it must say the same


def _find_unknown_shots(entries: Iterable[str], known: list[str]) -> Iterator[Problem]:
    ids = frozenset(known)
    for shot in entries:
        if shot not in ids:
            near = did_you_mean(shot, known)
            yield Problem(
                rule=rules.REVIEW_SHOT,
                why=f"the manifest has no shot {quote_text(shot)}; what was decided about it is kept, and not used.",
                remedy=f"If it was renamed, rename it here too. {near}".strip(),
                path=("shots", shot),
                on_key=True,
            )


def _find_double_verdicts(entries: Mapping[str, Any]) -> Iterator[Problem]:
    """Of each take one verdict counts; a merge by hand may leave two."""
    for shot, entry in entries.items():
        seen: set[int] = set()
        for place, each in enumerate((entry or {}).get("judged", ())):
            take = int(each["take"])
            if take in seen:
                why = f"there are two verdicts about {shot}#{take}, and only one can hold."
                path = ("shots", shot, "judged", place)
                yield Problem(rule=rules.TWICE, why=why, remedy="Delete the one that is not meant.", path=path)
            seen.add(take)


def _parse_shots(entries: Mapping[str, Any]) -> dict[str, ShotReview]:
    return {shot: _parse_shot(entry) for shot, entry in entries.items()}


def _parse_shot(entry: Mapping[str, Any]) -> ShotReview:
    return ShotReview(
        retakes=tuple(Retake(**_with_number(each)) for each in entry.get("retakes", ())),
        acceptances=tuple(Acceptance(**_with_number(each)) for each in entry.get("accepted", ())),
        selection=Selection(**_with_number(entry["selected"])) if "selected" in entry else None,
        judgements=tuple(
            Judgement(**{**_with_number(each), "verdict": Verdict(each["verdict"])}) for each in entry.get("judged", ())
        ),
        omission=Omission(**entry["omitted"]) if "omitted" in entry else None,
        notes=tuple(ReviewNote(**_with_number(each)) for each in entry.get("notes", ())),
    )


def _with_number(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "take": int(entry["take"])} if "take" in entry else dict(entry)


# What the file has of a shot, in this order: the key, and the members of each fact.
_MEMBERS = {
    "selected": ("take", "clip", "by", "at"),
    "judged": ("take", "clip", "verdict", "by", "at", "why"),
    "omitted": ("by", "at", "why"),
    "notes": ("take", "by", "at", "text"),
    "retakes": ("take", "by", "at", "why"),
    "accepted": ("take", "request", "clip", "made_for", "by", "at", "why"),
}
_UNQUOTED_MEMBERS = frozenset({"take", "request", "clip", "made_for", "verdict"})


def _list_facts(shot: ShotReview) -> Iterator[tuple[str, Fact | tuple[Fact, ...]]]:
    """What was decided about a shot, as the file has it."""
    values: Mapping[str, Any] = {
        "selected": shot.selection,
        "judged": sorted(shot.judgements, key=lambda each: each.take),
        "omitted": shot.omission,
        "notes": sorted(shot.notes, key=lambda each: (each.take, each.at)),
        "retakes": sorted(shot.retakes, key=lambda each: (each.take, each.at)),
        "accepted": sorted(shot.acceptances, key=lambda each: (each.take, each.at)),
    }
    for key, value in values.items():
        if isinstance(value, list):
            if value:
                yield key, tuple(_fact(each, key) for each in value)
        elif value is not None:
            yield key, _fact(value, key)


def _fact(value: object, key: str) -> Fact:
    members = {name: getattr(value, name) for name in _MEMBERS[key]}
    is_optional = {"why", "take"} if key != "accepted" else set()
    written = {name: each for name, each in members.items() if each or name not in is_optional}
    return {name: each if isinstance(each, int) else str(each) for name, each in written.items()}


def _lines(review: Review) -> Iterator[str]:
    for shot_id, shot in sorted(review.shots.items()):
        yield f"  {quote_yaml(shot_id)}:\n"
        for key, facts in _list_facts(shot):
            if isinstance(facts, tuple):
                yield f"    {key}:\n"
                for fact in facts:
                    yield from _block_lines(fact) if key in BLOCK_KEYS else (f"      - {_one_line(fact)}\n",)
            else:
                yield f"    {key}: {_one_line(facts)}\n"


def _block_lines(fact: Fact) -> Iterator[str]:
    for place, (name, value) in enumerate(fact.items()):
        yield f"      {' ' if place else '-'} {name}: {_quote(name, value)}\n"


def _one_line(fact: Fact) -> str:
    return f"{{{', '.join(f'{name}: {_quote(name, value)}' for name, value in fact.items())}}}"


def _quote(name: str, value: str | int) -> str:
    return str(value) if name in _UNQUOTED_MEMBERS else quote_yaml(str(value))
