"""One paid try at a request: its stages, the kinds of failure, attempts in doubt."""
