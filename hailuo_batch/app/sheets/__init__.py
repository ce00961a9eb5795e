"""What an import of a table works with: the manifest before, verdicts about rows, the file of rejected rows."""
