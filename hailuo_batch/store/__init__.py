"""The folder of artifacts by digest, and the readable names linked from it."""
