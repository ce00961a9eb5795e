"""A project for each test of this room."""

from app_fixtures import nothing_is_too_fresh, project

__all__ = ["nothing_is_too_fresh", "project"]
