"""The phones of the exchange, on a page and at a terminal."""
