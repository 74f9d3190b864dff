"""Durations as a wallboard shows them: short, and the same in every language."""

from datetime import timedelta


def short(length: timedelta | None) -> str:
    """Such as ``45 s``, ``12 min``, ``3 h 05 min`` or ``2 d 4 h``; a dash for None."""
    if length is None:
        return "–"
    seconds = max(0, int(length.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
