"""TwiML: the strict reader, and the legs that run documents. Nothing here uses the network."""
