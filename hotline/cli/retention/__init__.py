"""The commands about how long rows are kept."""
