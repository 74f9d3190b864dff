"""What a page shows its reader about their own work: shift, calls, and work that nobody has."""
