"""The SQLite record of what was requested, submitted, charged and stored."""
