"""Twilio's webhooks: the signature, the line that answers a turn, and TwiML."""
