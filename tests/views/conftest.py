"""Golden files of this room."""

from view_fixtures import golden

__all__ = ["golden"]
