"""The manifest language: keys, interpolation, matrices, frame links, camera commands."""
