"""Staff: people, their shifts and ways in, who is told of what, and what two people must approve."""
