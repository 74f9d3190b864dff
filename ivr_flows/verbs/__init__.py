"""Verbs: what a step does, each returning one word."""
