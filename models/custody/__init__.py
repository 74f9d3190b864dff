"""Custody: records, what may be said of them, and the feed with its brake."""
