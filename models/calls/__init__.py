"""Calls: a call and its state, who is free to take one, and how fast the carrier may be asked."""
