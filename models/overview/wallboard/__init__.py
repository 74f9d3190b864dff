"""What the wallboard shows: figures of the day, and what needs a person now."""
