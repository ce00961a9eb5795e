"""Tables of shots: their columns, what a cell means, and what a table changes in a manifest."""
