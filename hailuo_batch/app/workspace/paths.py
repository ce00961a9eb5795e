"""The files beside a manifest."""

from pathlib import Path

from hailuo_batch.load.project_root import HIDDEN_FOLDER


def lock_path(manifest: Path) -> Path:
    """The lock beside a manifest: `film.yaml` is locked by `film.lock.yaml`."""
    return _sidecar_path(manifest, "lock")


def review_path(manifest: Path) -> Path:
    """The review beside a manifest: `film.review.yaml` holds what people decided about `film.yaml`."""
    return _sidecar_path(manifest, "review")


def rehearsal_review_path(manifest: Path, root: Path) -> Path:
    """Where clips of a manifest's rehearsals are judged, by real paths; never beside the manifest."""
    below = review_path(manifest).relative_to(root.resolve())
    return root / HIDDEN_FOLDER / "rehearsal" / "reviews" / below


def tasks_path(manifest: Path) -> Path:
    """The tasks file beside a manifest: `film.tasks.yaml` has the tasks of `film.yaml` that were accepted."""
    return _sidecar_path(manifest, "tasks")


def is_sidecar(path: Path) -> bool:
    """Whether a name is that of a lock, a review or a tasks file."""
    return path.stem.endswith((".lock", ".review", ".tasks"))


def _sidecar_path(manifest: Path, kind: str) -> Path:
    return manifest.with_name(f"{manifest.name.removesuffix('.yaml').removesuffix('.yml')}.{kind}.yaml")
