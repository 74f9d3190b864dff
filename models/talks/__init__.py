"""Talks and the legs that make them: calling, joining, hold, callers who wait at 0, and how each ends."""
