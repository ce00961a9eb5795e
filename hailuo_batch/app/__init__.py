"""The use cases, and the only room that picks concrete classes; the command line is one caller of them."""
