"""Surnames for comparison: folded, and never stored (R37)."""

import re
import unicodedata

#: Words that are part of a surname but not a surname by themselves.
PARTICLES = frozenset(
    {
        *("al", "bin", "da", "das", "de", "del", "della", "der", "di", "do", "dos", "du", "e", "el", "ibn"),
        *("la", "las", "le", "los", "san", "santa", "van", "von", "y", "ze"),
    }
)
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def surnames(name: str) -> frozenset[str]:
    """The surnames in a full name, folded: case, accents and hyphens do not count.

    This is the last word, and with three or more words the one before it as well, since Spanish names usually
    have two surnames. A second given name may be taken for a surname: a question about an innocent view costs
    less than a view that nobody notices.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = [w for w in _WORD.findall(plain) if w not in PARTICLES and w not in SUFFIXES]
    if len(words) < 2:
        # One word may be the whole name.
        return frozenset(words)
    return frozenset(words[-2:] if len(words) > 2 else words[-1:])
