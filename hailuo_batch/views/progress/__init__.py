"""A run while it goes: a live table on a terminal, a line an event elsewhere, or JSON lines for programs.

Listeners only draw. Nothing here decides, and a drawing that fails must not end a run: where nobody reads any more
(`2>&1 | head`, a full disk under a log), what was to be drawn is dropped and the run goes on.
"""
