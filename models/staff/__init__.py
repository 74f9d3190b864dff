"""Staff: people, their shifts and sign-in, who is told about what, and what two people must approve."""
