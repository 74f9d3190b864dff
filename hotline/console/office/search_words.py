"""Searches the words of a page. Every word of the query must occur; letter case and accents do not count."""

import unicodedata

from flask import request

#: The longest query; the rest is ignored.
MOST_CHARACTERS = 100


def wanted_words() -> str:
    """The query of the current page, with runs of spaces made one; "" when there is none."""
    return " ".join(request.args.get("q", "")[:MOST_CHARACTERS].split())


def fits(wanted: str, *texts: str) -> bool:
    """Whether every word of ``wanted`` occurs in the texts; true for no words."""
    held = _folded(" ".join(texts))
    return all(word in held for word in _folded(wanted).split())


def _folded(text: str) -> str:
    split = unicodedata.normalize("NFD", text.casefold())
    return "".join(one for one in split if not unicodedata.combining(one))
