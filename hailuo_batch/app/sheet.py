"""The contact sheet: a page with every shot, its takes side by side, for the team or for a client."""

from pathlib import Path

from hailuo_batch.app.pages.sheet_page import SheetOptions, WrittenSheet, write_sheet_page
from hailuo_batch.core.world import World

__all__ = ["SheetOptions", "WrittenSheet", "sheet"]


async def sheet(
    file: Path | str, *, world: World = World.REAL, page: Path | None = None, options: SheetOptions | None = None
) -> WrittenSheet:
    """Writes the contact sheet and says where; by default beside the clips, `renders/<campaign>.html`. Buys nothing."""
    return await write_sheet_page(file, world=world, page=page, options=options or SheetOptions())
