"""The exchange: a stand-in for Twilio on this machine, with phones on a page."""
