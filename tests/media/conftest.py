"""Clips and pictures made for one test."""

from media_fixtures import dots, drawn

__all__ = ["dots", "drawn"]
