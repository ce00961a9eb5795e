"""The review files of a manifest: beside it, and that of its rehearsals; read, changed and written back."""

import os
from collections.abc import Iterable
from pathlib import Path

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.workspace.paths import review_path
from hailuo_batch.core.plan.review import NO_REVIEW, Review
from hailuo_batch.core.problem import Severity
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.review import read_review, write_review
from hailuo_batch.store.errors import translate_os_errors


def read_review_file(path: Path, shots: Iterable[str]) -> Review:
    """A review as it is now; no file is an empty one."""
    if not os.path.lexists(path):
        return NO_REVIEW
    review, problems = read_review(path, name=str(path), shots=shots)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ManifestError(problems)
    return review


def write_review_file(path: Path, review: Review, validation: Validation) -> None:
    """Writes a review; the folder of a rehearsal's is made."""
    if path != review_path(validation.file):
        validation.workspace.create()
        folder = Folder(path.parent, validation.project.root)
        with translate_os_errors(f"cannot make {path.parent}"), folder.open(make=True, mode=0o700):
            pass
    write_review(path, review)
