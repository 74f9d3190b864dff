"""A custody file on its way into the records: read, staged, judged, held or landed."""
