"""Clips that this ledger only copied, and that another ledger of this machine bought: they prove no missing one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hailuo_batch.app.recovery.missing_ledger import has_bought
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.models import is_local

if TYPE_CHECKING:
    from hailuo_batch.app.workspace.workspace import Workspace
    from hailuo_batch.ports import LedgerReader


async def read_copied_digests(ledger: "LedgerReader", standings: Mapping[str, Standing]) -> frozenset[str]:
    """The digests of such clips, where this ledger has bought nothing itself.

    Money: the journal has every purchase of those other ledgers, their running tasks and doubts too. Where this
    ledger itself differs from the journal, nothing is vouched for.
    """
    if any(map(has_bought, standings.values())) or await ledger.journal_finding() is not None:
        return frozenset()
    restored = [mark for mark, each in standings.items() if each.stage is Stage.STORED and not is_local(each.provider)]
    purchases = await ledger.purchases_elsewhere(restored) if restored else {}
    return frozenset(str(each.digest) for each in purchases.values() if each.stage is Stage.STORED and each.digest)


async def read_clips_elsewhere(ledger: "LedgerReader", workspace: "Workspace") -> frozenset[str]:
    """The digests of clips that other machines have, where they share the ledger: they are not missing here."""
    if not workspace.places.ledger:
        return frozenset()
    standings = (await ledger.standings()).values()
    return frozenset(each.digest for each in standings if each.kept_by is not None and each.digest is not None)
