"""Staff, their schedules, and the shift of the signed-in person."""
