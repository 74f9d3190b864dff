"""Custody: records, what callers may hear of them, and the feed with its brake."""
