"""The parts that every page of the console shares: blueprint, guard, layout, words, static files."""
