"""CSV, TSV and Excel files as tables of texts, and back."""
