"""The project on this disk: its paths, its clock, who works on it."""
