"""Signing in, setting up, and the account of the signed-in person."""
