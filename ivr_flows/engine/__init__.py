"""The engine: step kinds, the walk through them, and the check of a tree. It knows no tree."""
