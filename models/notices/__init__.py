"""The promise to call first: who registered, what changed, and the notices that tell them."""
