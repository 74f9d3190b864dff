"""What a person makes of the words they hear in their own language: which key is next to their wish."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PRESS = {"en": re.compile(r"press (\d|pound)"), "es": re.compile(r"oprima (\d|numeral)")}
_POUND = {"pound": "#", "numeral": "#"}
#: What a person may want, by the words for it.
WORDS = {
    "en": {
        "language": "English", "case": "your case, press", "number": "your case number",
        "pin": "your 6-digit PIN",
        "news": "hear it now", "callback": "as soon as we can", "to_callback": "be called back, press",
        "called_first": "have us call you soon", "start": "back to the main menu",
        "back": "To go back, press",
        "promise": "We will call you",
        "afraid": "If you are afraid",
        "goodbye": "Goodbye", "keep_place": "call you when it is your turn",
    },
    "es": {
        "language": "español", "case": "su caso, oprima", "number": "su número de caso",
        "pin": "Marque su PIN",
        "news": "oírla ahora", "callback": "lo antes posible", "to_callback": "que le llamemos, oprima",
        "called_first": "le llamemos pronto", "start": "volver al menú principal",
        "back": "Para volver, oprima", "promise": "Le llamaremos",
        "afraid": "Si tiene miedo",
        "goodbye": "Adiós", "keep_place": "cuando le toque",
    },
}  # fmt: skip
STATUS = {
    "en": ("in custody", "was released", "cannot confirm", "was sent out", "escaped", "died"),
    "es": ("en custodia", "en libertad", "puedo confirmar", "enviada fuera", "se escapó", "falleció"),
}
EVERY_STATUS = tuple(words for language in STATUS.values() for words in language)


@dataclass(frozen=True, slots=True)
class Answer:
    """Keys that a person decides on, and the phrase (by its place) that named them."""

    keys: str
    after: int


def hears(phrases: Sequence[str], words: str) -> int | None:
    """The place of the first phrase with these words."""
    return next((at for at, phrase in enumerate(phrases) if words in phrase), None)


def hears_status(phrases: Sequence[str], language: str) -> bool:
    """Whether one of the phrases tells where someone is, or that nothing can be told."""
    return any(words in phrase for phrase in phrases for words in STATUS[language])


def option(phrases: Sequence[str], language: str, wish: str) -> Answer | None:
    """The key next to the wished words."""
    at = hears(phrases, WORDS[language][wish])
    if at is None:
        return None
    key = _PRESS[language].search(phrases[at])
    return Answer(_POUND.get(key[1], key[1]), at) if key else None


def keys_said(phrase: str, language: str) -> list[str]:
    """Every digit that this phrase says to press, in this language."""
    return list(filter(str.isdigit, _PRESS[language].findall(phrase)))


#: Before these words 0 is only one of the spoken keys; after them the line offers it to a caller who is
#: stuck.
_STUCK = ("one more time", "did not work", "intentarlo otra vez", "no funcionaron")


def person_key(phrases: Sequence[str], language: str) -> Answer | None:
    """0, where it is offered to a caller who is stuck."""
    if not any(words in phrase for phrase in phrases for words in _STUCK):
        return None
    at = next((at for at, p in enumerate(phrases) if (k := _PRESS[language].search(p)) and k[1] == "0"), None)
    return None if at is None else Answer("0", at)


def words_in(phrase: str) -> int:
    """How many words a voice says; a long number is read digit by digit."""
    return sum(len(word.strip(".,")) if re.fullmatch(r"\d{5,}[.,]?", word) else 1 for word in phrase.split())
