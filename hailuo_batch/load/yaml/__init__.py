"""A YAML file's bytes: their values, the places of these, and what is wrong with them in plain words."""
