"""Who else works on the shared ledger of a project, and what each machine owes. Changes nothing."""

from pathlib import Path

from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.pages import page
from hailuo_batch.core.team import Team
from hailuo_batch.errors import InputError
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root


async def read_team(folder: Path | str = ".") -> Team:
    """What runs on the shared ledger now, the caps with their holders, and each machine.

    Raises `InputError` where the project shares no ledger, and `LedgerError` where it cannot be reached.
    """
    workspace = Workspace(find_project_root(Path(folder).resolve()))
    async with workspace.read_ledger() as ledger:
        found = await ledger.team()
    if found is None:
        remedy = f"Name one as `ledger: postgresql://…` in {SETTINGS_FILE}: see {page('team')}."
        raise InputError("this project shares its ledger with nobody", remedy=remedy)
    return found
