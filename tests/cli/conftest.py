"""The command line, in this process and in one of its own."""

from cli_fixtures import film, golden, priced, quick_sketches, say, spawn, surroundings

__all__ = ["film", "golden", "priced", "quick_sketches", "say", "spawn", "surroundings"]
