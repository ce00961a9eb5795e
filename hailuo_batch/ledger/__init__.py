"""The SQLite record of what was asked, sent, charged and kept."""
