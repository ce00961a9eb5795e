"""Where a project keeps what a run makes."""

from pathlib import Path

from hailuo_batch.load.project import Project


def ledger_file(project: Project) -> Path:
    """The SQLite record."""
    return project.hidden / "ledger.db"


def store_folder(project: Project) -> Path:
    """The artifacts by digest."""
    return project.hidden / "store"


def run_lock(project: Project) -> Path:
    """The file that names the run which holds the ledger."""
    return project.hidden / "run.lock"
