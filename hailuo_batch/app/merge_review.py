"""Merges the review files of two branches, as git asks for it: shot by shot, where lines alone would conflict.

Git inserts what two branches add at one place as a conflict, though it is about two shots. Whatever is not beyond doubt
stays the conflict that git makes of it.
"""

from collections.abc import Iterable
from pathlib import Path

from hailuo_batch.core.plan.merge_reviews import merge_reviews
from hailuo_batch.core.plan.review import NO_REVIEW, Review
from hailuo_batch.core.problem import Severity
from hailuo_batch.errors import InputError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.load.git_commands import merge_lines
from hailuo_batch.load.review import merged_text, read_review


async def merge_review(base: Path, ours: Path, theirs: Path) -> bool:
    """Writes the merge of three files to `ours`; whether nothing conflicts. What conflicts has git's marks in it."""
    lines = merge_lines(base, ours, theirs)
    text = lines.text if lines.is_clean else _merge_shots(base, ours, theirs)
    write_beside(ours, lines.text if text is None else text)
    return text is not None


def _merge_shots(base: Path, ours: Path, theirs: Path) -> bytes | None:
    """The merge by shots; None where both decided about one, or where a comment would be lost."""
    try:
        merged, conflicts = merge_reviews(*(_read(path) for path in (base, ours, theirs)))
    except InputError:
        return None
    mine, other = ours.read_bytes(), theirs.read_bytes()
    if conflicts or not _comments(other) <= _comments(mine):
        return None
    return merged_text(mine, merged).encode()


def _read(path: Path) -> Review:
    if not path.stat().st_size:
        return NO_REVIEW  # a file that both branches added has no base
    review, problems = read_review(path, name=path.name, shots=())
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(f"{path.name} is no review")
    return review


def _comments(data: bytes) -> set[bytes]:
    return set(_lines_with_comments(data.splitlines()))


def _lines_with_comments(lines: Iterable[bytes]) -> Iterable[bytes]:
    return (line.strip() for line in lines if b"#" in line)
