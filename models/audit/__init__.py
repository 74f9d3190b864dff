"""The audit: a chain of entries, its signed head, the search in it, and the changes of the office."""
