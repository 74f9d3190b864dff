"""Imports of the custody feed: upload, preview, settle."""
