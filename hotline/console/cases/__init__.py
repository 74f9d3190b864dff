"""Cases, their phones and PINs, and the letters that go out."""
