"""Where a project keeps what a run makes, below its root."""

from pathlib import Path

from hailuo_batch.load.project_root import HIDDEN_FOLDER


def hidden_folder(root: Path) -> Path:
    """The ledger, the store and what is remembered."""
    return root / HIDDEN_FOLDER


def ledger_file(root: Path) -> Path:
    """The SQLite record."""
    return root / HIDDEN_FOLDER / "ledger.db"


def store_folder(root: Path) -> Path:
    """The artifacts by digest."""
    return root / HIDDEN_FOLDER / "store"


def frames_folder(root: Path) -> Path:
    """Pictures that were fetched from the web, by digest; one that is gone is fetched again."""
    return root / HIDDEN_FOLDER / "frames"


def run_lock_path(root: Path) -> Path:
    """The file that names the run which holds the ledger."""
    return root / HIDDEN_FOLDER / "run.lock"


def renders_folder(root: Path) -> Path:
    """The clips under readable names."""
    return root / "renders"


def lock_path(manifest: Path) -> Path:
    """The lock beside a manifest: `film.yaml` is locked by `film.lock.yaml`."""
    return _sibling_path(manifest, "lock")


def review_path(manifest: Path) -> Path:
    """The review beside a manifest: what was decided about `film.yaml` stands in `film.review.yaml`."""
    return _sibling_path(manifest, "review")


def _sibling_path(manifest: Path, kind: str) -> Path:
    return manifest.with_name(f"{manifest.name.removesuffix('.yaml').removesuffix('.yml')}.{kind}.yaml")
