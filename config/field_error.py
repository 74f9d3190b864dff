"""The fault of one field of the office."""


class FieldError(ValueError):
    """A field is missing or wrong; the message is one sentence that names it."""
