"""Taking back a file that was found wrong after it landed, and correcting what people heard of it (R16)."""
