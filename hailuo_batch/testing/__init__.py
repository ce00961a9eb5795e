"""For tests, ours and those of authors of providers: a clock that stands still, a provider in memory, a tiny clip."""
