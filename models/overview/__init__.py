"""Work across several packages: the state a turn reads, pages of staff, and changes in several places."""
