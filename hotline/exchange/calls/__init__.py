"""Calls at the exchange: legs, conferences, queues, and the switchboard that keeps them."""
