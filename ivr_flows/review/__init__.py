"""Trees for reading: rehearsal, transcript, drawing, readability."""
