"""Sketches: an MP4 drawn from a prompt or a first frame, moved by the camera commands."""
