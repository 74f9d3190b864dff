"""What staff save when a talk is over, and the callback that they are shown next."""
