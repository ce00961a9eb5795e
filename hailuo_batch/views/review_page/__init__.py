"""The page on which people review takes: what it shows, as values and as HTML."""
