"""Drawings of plans, reports and problems."""
