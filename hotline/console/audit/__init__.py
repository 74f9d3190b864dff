"""The audit as pages and files."""
