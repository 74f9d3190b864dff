"""Surnames as they are compared: folded, and never stored (R37)."""

import re
import unicodedata

#: Words that belong to a surname and are none by themselves.
PARTICLES = frozenset(
    {
        *("al", "bin", "da", "das", "de", "del", "della", "der", "di", "do", "dos", "du", "e", "el", "ibn"),
        *("la", "las", "le", "los", "san", "santa", "van", "von", "y", "ze"),
    }
)
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def surnames(name: str) -> frozenset[str]:
    """The surnames in a whole name, folded: case, accents and hyphens do not count.

    The last word, and with three words or more the one before it as well: people of two surnames are the
    rule in Spanish. A second given name may be taken for a surname; a look that is asked about in vain
    costs less than one that nobody notices.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = [w for w in _WORD.findall(plain) if w not in PARTICLES and w not in SUFFIXES]
    if len(words) < 2:
        # One word may be all there is of a name.
        return frozenset(words)
    return frozenset(words[-2:] if len(words) > 2 else words[-1:])
