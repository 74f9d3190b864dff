"""How long rows are kept: what a purge deletes, what it may not delete, and the figures that stay (R41)."""
