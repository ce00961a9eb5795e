"""Where a project keeps what a run makes, below its root."""

from pathlib import Path

from hailuo_batch.load.root import HIDDEN


def hidden_folder(root: Path) -> Path:
    """The ledger, the store and what is remembered."""
    return root / HIDDEN


def ledger_file(root: Path) -> Path:
    """The SQLite record."""
    return root / HIDDEN / "ledger.db"


def store_folder(root: Path) -> Path:
    """The artifacts by digest."""
    return root / HIDDEN / "store"


def run_lock(root: Path) -> Path:
    """The file that names the run which holds the ledger."""
    return root / HIDDEN / "run.lock"


def renders_folder(root: Path) -> Path:
    """The clips under readable names."""
    return root / "renders"


def lock_path(manifest: Path) -> Path:
    """The lock beside a manifest: `film.yaml` is locked by `film.lock.yaml`."""
    return manifest.with_name(f"{manifest.name.removesuffix('.yaml').removesuffix('.yml')}.lock.yaml")
