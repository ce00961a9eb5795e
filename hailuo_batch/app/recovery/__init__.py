"""When the ledger is damaged or gone: what the clips that are still here prove."""
