"""Profiles of Hypothesis: under a tracer, an example may take longer than its usual deadline."""

from hypothesis import settings

settings.register_profile("traced", deadline=None)
