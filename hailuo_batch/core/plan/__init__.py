"""Plans and reports: what a run would do and why, what it did, and the files that record it."""
