"""Callbacks: the promise to phone someone back, from the request to the outcome that closes it."""
