"""The contact sheet: a report as values that a page draws, and the page."""
