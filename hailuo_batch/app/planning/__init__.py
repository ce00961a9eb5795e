"""From manifests to a plan: validate, read inputs and ledger, plan, check caps and names."""
