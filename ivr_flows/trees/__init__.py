"""The call trees, as tables."""
