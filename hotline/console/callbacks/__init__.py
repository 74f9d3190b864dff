"""The callback list, one callback, a talk, and the wallboard."""
