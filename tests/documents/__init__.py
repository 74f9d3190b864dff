"""What documents show of the code: tables and drawings that a command writes and a test compares."""
