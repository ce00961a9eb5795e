"""Pages written to files: where they may be put, the stills that they show, and what goes into them."""
