"""Carries out a plan; meets the world only through ports."""
