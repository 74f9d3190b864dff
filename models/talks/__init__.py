"""Talks and the legs that make them: ringing, joining, hold, callers who wait at 0, and how each ends."""
