"""Reads what the user wrote: manifests, settings, reference files, provider tables."""
