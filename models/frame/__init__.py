"""What a page shows its reader about their own work: shift and calls."""
