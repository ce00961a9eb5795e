"""Golden files of this room."""

from gateway_fixtures import golden

__all__ = ["golden"]
