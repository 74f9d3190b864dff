"""What a call says and asks: the call trees as tables, their verbs, and every sentence."""
