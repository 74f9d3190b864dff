"""Cases: case, registrant and their phones, the subject, names that are searched by hash, and PINs."""
