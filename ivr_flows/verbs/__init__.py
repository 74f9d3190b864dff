"""Verbs: what a step does, each answering one word."""
