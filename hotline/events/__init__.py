"""`hotline events`: tells open consoles that something changed, without a word about what."""
