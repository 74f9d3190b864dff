"""TwiML: the strict reader and the interpreter, which know no network."""
