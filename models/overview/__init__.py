"""What spans several rooms: the state a turn reads, pages of staff, and changes that touch several rooms."""
