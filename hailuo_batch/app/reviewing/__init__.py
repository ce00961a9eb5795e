"""The review page's use case: what it shows, which files it watches, and what becomes of a decision."""
