"""The command line, in this process and in one of its own."""

from cli_fixtures import film, golden, priced, say, spawn, surroundings

__all__ = ["film", "golden", "priced", "say", "spawn", "surroundings"]
