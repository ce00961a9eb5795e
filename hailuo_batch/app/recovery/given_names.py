"""Every readable name that the ledger has, of all campaigns that were run here."""

from hailuo_batch.ports import LedgerReader


async def read_given_names(ledger: LedgerReader) -> dict[str, str]:
    """Which clip each name was given to: file → fingerprint."""
    given: dict[str, str] = {}
    for campaign, sketch in {(run.campaign, run.sketch) for run in await ledger.runs()}:
        given |= await ledger.names(campaign, sketch=sketch)
    return given
