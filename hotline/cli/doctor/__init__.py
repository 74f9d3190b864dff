"""`hotline doctor`: what is configured, what is wrong, and what is left to do before going live."""
