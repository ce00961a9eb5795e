"""One module a gateway."""
