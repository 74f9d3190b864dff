"""The parts that every command shares: settings, typed fields, addresses, failing with one sentence."""
