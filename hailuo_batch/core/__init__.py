"""The pure core: frozen values in, frozen values out; no files, sockets, clock, randomness or environment."""
