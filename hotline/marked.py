"""Marks a text for translation where it is written; the console translates it where it is shown."""


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know.
    """Return ``text`` unchanged; Babel finds it by this call."""
    return text
