"""What every page of the console shares: the blueprint, the guard, the layout, words, static files."""
