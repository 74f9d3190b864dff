"""A note of staff on a call: short, and refused when it holds what must stand nowhere in free text (R37)."""

import re
import unicodedata
from datetime import datetime
from typing import Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import Callback
from models.callbacks.claim import OVERSEERS, actor_of, refuse, standing
from models.calls.call import Call
from models.cases.case import Case
from models.cases.name_index import holds_name
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.staff.staff import Staff
from models.store.database import keyring_of
from models.store.refusal import RefusedError

MOST_CHARACTERS = 280

Refusal = Literal["too_long", "ssn", "a_number", "email", "date", "phone", "pin", "street_address", "name"]

#: Each reason as a sentence for whoever wrote the note.
SENTENCES: dict[Refusal, str] = {
    "too_long": "The note is longer than {most} characters.",
    "ssn": "The note holds what looks like a Social Security number. Take it out.",
    "a_number": "The note holds what looks like an A-number. Take it out.",
    "email": "The note holds what looks like an e-mail address. Take it out.",
    "date": "The note holds a full date, such as a birthday. Write it without the year.",
    "phone": "The note holds what looks like a phone number. Take it out.",
    "pin": "The note holds what looks like a PIN or a code. Take it out.",
    "street_address": "The note holds what looks like a street address. Take it out.",
    "name": "The note holds a name of this case. Take it out.",
}

_SEPARATOR = r"[\s.\-\u2010-\u2015\u00a0/]{0,2}"
_SSN = re.compile(rf"(?<!\d)\d{{3}}{_SEPARATOR}\d{{2}}{_SEPARATOR}\d{{4}}(?!\d)")
#: An alien registration number: A and seven to nine digits, with or without a separator.
_A_NUMBER = re.compile(
    rf"(?<![A-Za-z])A{_SEPARATOR}#?{_SEPARATOR}(?:\d{_SEPARATOR}){{6,8}}\d(?!\d)", re.IGNORECASE
)
#: Seven digits or more in a row of groups: what a phone number is, however it is written.
_PHONE = re.compile(r"(?<!\d)\+?(?:\(?\d\)?[\s.\-\u2010-\u2015\u00a0/()]{0,3}){6,14}\d(?!\d)")
_EMAIL = re.compile(r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d{2}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2})(?![./-]?\d)"
)
#: Six digits in a row, or four and more behind the word; a PIN has six.
_PIN = re.compile(
    r"(?<!\d)\d(?:[\s.\-]{0,2}\d){5}(?!\d)"
    r"|\b(?:PIN|NIP|c[oó]digo|code)\b\W{0,3}(?:(?:is|was|es|era)\W{1,3})?\d(?:[\s.\-]{0,2}\d){3}",
    re.IGNORECASE,
)
_UNITS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "uno": "1", "una": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5",
    "seis": "6", "siete": "7", "ocho": "8", "nueve": "9",
}  # fmt: skip
_TENS = {
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90", "veinte": "20", "treinta": "30", "cuarenta": "40", "cincuenta": "50",
    "sesenta": "60", "setenta": "70", "ochenta": "80", "noventa": "90",
}  # fmt: skip
#: Numbers in words, so that "two oh two five five five" hides nothing.
_NUMBER_WORDS = _UNITS | _TENS | {
    "zero": "0", "oh": "0", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
    "cero": "0", "diez": "10", "once": "11", "doce": "12", "trece": "13", "catorce": "14", "quince": "15",
    "dieciséis": "16", "dieciseis": "16", "diecisiete": "17", "dieciocho": "18", "diecinueve": "19",
    "veintiuno": "21", "veintiuna": "21", "veintiún": "21", "veintiun": "21", "veintidós": "22",
    "veintidos": "22", "veintitrés": "23", "veintitres": "23", "veinticuatro": "24", "veinticinco": "25",
    "veintiséis": "26", "veintiseis": "26", "veintisiete": "27", "veintiocho": "28", "veintinueve": "29",
}  # fmt: skip
_TURKISH_I = str.maketrans("\u0131\u0130", "iI")
#: Alone "un" is an article; in "treinta y un" it counts.
_BEHIND_TEN = _UNITS | {"un": "1"}
#: The ends of a word in English and Spanish; browsers take an accent for the end of one at ``\b``.
_BEGINS, _ENDS = "(?<![\\wÀ-ÿ])", "(?![\\wÀ-ÿ])"
_ANY_NUMBER = "|".join(_NUMBER_WORDS)
#: Before a lone unit "and" parts two numbers, as in "nine one one and nine eight eight".
_TWO_DIGITS = "|".join(word for word, digits in _NUMBER_WORDS.items() if len(digits) == 2)
#: A ten with its unit, or one number word; then what joins it to the next ("setenta y tres, noventa").
_WORD = re.compile(
    rf"{_BEGINS}(?:({'|'.join(_TENS)})(?:\s+y\s+|[\s-])({'|'.join(_BEHIND_TEN)})|({_ANY_NUMBER})){_ENDS}"
    rf"[,;]?(?:\s+(?:y|and)(?=\s+(?:{_TWO_DIGITS}){_ENDS}))?",
    re.IGNORECASE,
)
_ROADS = (
    "street|avenue|ave|road|rd|boulevard|blvd|lane|ln|highway|hwy|parkway|pkwy|terrace|turnpike|tpke|alley"
)
_STREETS = f"{_ROADS}|st|av|drive|dr|court|ct|circle|cir|place|pl|ter|way|square|sq|trail|trl|loop|plaza"
_AFTER = re.compile(rf"\b\d{{1,6}}[a-z]?\s+(?:[\w.'\u2019-]+\s+){{0,4}}?(?:{_STREETS})\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:calle|avenida|av|avda|camino|carretera|paseo|callej[oó]n|bulevar)\.?\s+(?:[\w.'\u2019-]+\s+){0,4}?"
    r"(?:n[uú]m(?:ero)?\.?\s*|no?\.?\s*|#\s*)?\d{1,6}\b",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"\b(?:p\.?\s*o\.?\s*box|apartado(?:\s+postal)?|apt|apartment|suite|unit|depto)\.?\s*#?\s*\d+",
    re.IGNORECASE,
)
#: A number in words is part of many a sentence ("one of them was at court"), so what stands between it and
#: the street must look like a name.
_NAME = (
    r"(?!(?:a|about|after|an|and|at|before|but|by|for|from|her|his|hours?|in|is|late|minutes?|more|of|on|or|"
    r"per|the|their|times?|to|was|with|days?|weeks?|people)\b)[\w.'\u2019-]+\s+"
)
_AFTER_WORDS = re.compile(
    rf"\b(?:\d(?:[\s-]{{0,2}}\d)+\s+(?:{_NAME}){{1,3}}?(?:{_STREETS})|\d\s+(?:{_NAME}){{1,3}}?(?:{_ROADS}))\b"
    r"(?!\s+(?:dates?|hearings?|orders?|rooms?|cases?)\b)",
    re.IGNORECASE,
)
_BEFORE_WORDS = re.compile(
    r"\b(?:calle|avenida|av|avda|camino|carretera|paseo|callej[oó]n|bulevar)\.?\s+"
    r"(?:(?!(?:a|al|con|desde|en|hace|hasta|para|por|sin|y)\b)[\w.'\u2019-]+\s+){0,4}?"
    r"(?:n[uú]m(?:ero)?\.?\s*\d|\d(?:[\s-]{0,2}\d)+\b)",
    re.IGNORECASE,
)
#: What a note is refused for, in this order. True: looked for in the text with its number words as digits.
_CHECKS: tuple[tuple[Refusal, re.Pattern[str], bool], ...] = (
    ("a_number", _A_NUMBER, False),
    ("ssn", _SSN, False),
    ("email", _EMAIL, False),
    ("date", _DATE, False),
    ("phone", _PHONE, False),
    ("phone", _PHONE, True),
    ("pin", _PIN, False),
    ("pin", _PIN, True),
    ("street_address", _AFTER, False),
    ("street_address", _BEFORE, False),
    ("street_address", _BOX, False),
    ("street_address", _AFTER_WORDS, True),
    ("street_address", _BEFORE_WORDS, True),
    ("street_address", _BOX, True),
)


def refusal(text: str) -> Refusal | None:
    """Why a note is not kept, or None. It looks for what stands there, in any spelling; it errs by refusing.

    The text is in no log and no exception: the answer is a word.
    """
    if len(text) > MOST_CHARACTERS:
        return "too_long"
    plain = _digits_alike(text)
    spelled = _WORD.sub(_in_digits, plain)
    for why, pattern, in_words in _CHECKS:
        if pattern.search(spelled if in_words else plain):
            return why
    return None


def _in_digits(found: re.Match[str]) -> str:
    tens, unit, alone = found.groups()
    if tens is None:
        return _NUMBER_WORDS[alone.lower()]
    return _TENS[tens.lower()][0] + _BEHIND_TEN[unit.lower()]


def keep_note(
    session: Session, callback_id: int, staff: Staff, text: str, now: datetime, seen: str | None = None
) -> None:
    """Keep a note on a callback, in place of the one before; an empty one takes it away.

    For whoever has the callback in hand or talked in it, and for overseers. The note is sealed, and stands
    in no audit entry. Raises RefusedError, with one of SENTENCES when the text may not stand there, and when
    the one before is another than ``seen``, which its author looked at.
    """
    callback = standing(session, callback_id)
    if not may_note(session, callback, staff.id, staff.role):
        refuse(session, callback)
    text = " ".join(text.split())
    why = refusal(text)
    if why is None and _has_it(session, callback, staff.id):
        # Others do not know the names, and must not find them out by what is refused.
        why = _name_in(session, callback, text)
    if why is not None:
        raise RefusedError(SENTENCES[why], most=MOST_CHARACTERS)
    before = note_of(session, callback)
    if seen is not None and seen != before and text != before:
        raise RefusedError("Somebody else has written the note meanwhile. Look at it, then write yours.")
    callback.note_sealed = keyring_of(session).seal("callback.note", text) if text else None
    session.flush()
    audit.record(
        session, actor=actor_of(staff.id), action="note_callback", target=f"callback:{callback.id}", now=now
    )


def _name_in(session: Session, callback: Callback, text: str) -> Literal["name"] | None:
    """``name`` for a text with a name of whom the callback is for, or of the person their case is about."""
    name = func.coalesce(Case.named_sealed, Subject.name_sealed)
    named = select(name).select_from(Case).join(Subject, Case.subject_id == Subject.id)
    theirs = select(Case.registrant_id).where(Case.id == callback.case_id)
    registrant = select(Registrant.name_sealed).where(
        or_(Registrant.id == callback.registrant_id, Registrant.id.in_(theirs))
    )
    keyring, names = keyring_of(session), list[str]()
    for purpose, query in (
        ("subject.name", named.where(Case.id == callback.case_id)),
        ("registrant.name", registrant),
    ):
        names += [keyring.unseal(purpose, one) for one in session.scalars(query) if one is not None]
    return "name" if any(holds_name(text, one) for one in names) else None


def may_note(session: Session, callback: Callback, staff_id: int, role: str) -> bool:
    """Whether this person reads and writes the note: also whoever handed the call over after they talked."""
    return role in OVERSEERS or _has_it(session, callback, staff_id)


def _has_it(session: Session, callback: Callback, staff_id: int) -> bool:
    """Whether somebody has the callback in hand or talked in it."""
    if callback.staff_id == staff_id:
        return True
    if callback.talking_at is None:
        return False
    talked = select(Call.id).where(
        Call.callback_id == callback.id,
        Call.staff_id == staff_id,
        Call.accepted_at.is_not(None),
        # Who accepted in a round before, in which nobody was reached, has not talked.
        or_(Call.ended_at.is_(None), Call.ended_at >= callback.talking_at),
    )
    return session.scalar(talked.limit(1)) is not None


def note_of(session: Session, callback: Callback) -> str:
    """The note on a callback; empty when there is none."""
    sealed = callback.note_sealed
    return "" if sealed is None else keyring_of(session).unseal("callback.note", sealed)


def patterns() -> list[tuple[Refusal, str, bool]]:
    """What a note is refused for, as regular expressions that Python and browsers read alike, in their order.

    Letter case does not count; True as in ``spelling``. What a browser finds while somebody types is found
    here again.
    """
    return [(why, pattern.pattern, in_words) for why, pattern, in_words in _CHECKS]


def spelling() -> tuple[str, dict[str, str]]:
    """The expression that finds a number in words, and the digits of each word.

    Its groups are a ten and its unit, or one word alone; a ten gives its first digit.
    """
    return _WORD.pattern, _NUMBER_WORDS | _BEHIND_TEN


def _digits_alike(text: str) -> str:
    """Other decimal digits as plain ones, without marks that nobody sees, so that they hide nothing.

    Accents are one letter with theirs, as in the browser.
    """
    # Python matches an i with the two of Turkish, and no table of number words has those.
    text = unicodedata.normalize("NFKC", text).translate(_TURKISH_I)
    seen = (one for one in text if unicodedata.category(one) != "Cf")
    return "".join(str(int(one)) if one.isdecimal() else one for one in seen)
