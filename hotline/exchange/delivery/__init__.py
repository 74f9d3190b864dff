"""Requests to the line as Twilio makes them: signed, retried, and with faults on the way."""
