"""What attempts cost: charges, caps, sums, the audit, and what may be deleted."""
