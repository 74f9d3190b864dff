"""Finds what free text may not contain: numbers, dates, addresses and codes, in any spelling (R37)."""

import re
import unicodedata
from enum import StrEnum, auto

MOST_CHARACTERS = 280


class TextRefusal(StrEnum):
    """Why a text is refused. ``refusals`` returns all but ``name``, which needs the names of a case."""

    #: ``most``: the maximum number of characters.
    TOO_LONG = auto()
    SSN = auto()
    A_NUMBER = auto()
    EMAIL = auto()
    DATE = auto()
    CASE_NUMBER = auto()
    PHONE = auto()
    PIN = auto()
    STREET_ADDRESS = auto()
    NAME = auto()


_SEPARATOR = r"[\s.\-\u2010-\u2015\u00a0/]{0,2}"
_SSN = re.compile(rf"(?<!\d)\d{{3}}{_SEPARATOR}\d{{2}}{_SEPARATOR}\d{{4}}(?!\d)")
#: An alien registration number: A and seven to nine digits, with or without a separator.
_A_NUMBER = re.compile(
    rf"(?<![A-Za-z])A{_SEPARATOR}#?{_SEPARATOR}(?:\d{_SEPARATOR}){{6,8}}\d(?!\d)", re.IGNORECASE
)
#: Six or more digits after the word. A case number has eight or ten, as many as some phones.
_CASE_NUMBER = re.compile(
    r"\b(?:case|caso|expediente)\b\W{0,3}(?:(?:number|num|no|n[uú]mero|n[uú]m|is|was|es|era)\b\W{0,3}){0,2}"
    r"\d(?:[\s.\-]{0,2}\d){5}",
    re.IGNORECASE,
)
#: Seven or more digits in a row of groups: a phone number, in any notation.
_PHONE = re.compile(r"(?<!\d)\+?(?:\(?\d\)?[\s.\-\u2010-\u2015\u00a0/()]{0,3}){6,14}\d(?!\d)")
#: Ten digits in the groups of a number of this country, parted by any mark: "202, 555, 0110", "202_555_0110".
_PHONE_PARTED = re.compile(r"(?<!\d)\d{3}\s?[,;_/*|+:']\s?\d{3}\s?[,;_/*|+:']\s?\d{4}(?!\d)")
#: Six digits after a word for calling, unless a PIN is named between them: a PIN has six as well.
_PHONE_NAMED = re.compile(
    r"\b(?:call|ring|dial|text|phone|cell|tel[eé]fono|celular|ll[aá]m\w*|marque)\b"
    r"(?:(?!\b(?:PIN|NIP|c[oó]digo|code)\b)[^.;\d]){1,24}\d(?:[\s.\-]{0,2}\d){5}",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+"
    r"|[\w+-]+\s(?:at|arroba)\s[\w-]+\s(?:dot|punto)\s(?:com|org|net|gov|edu|mil|info|us|mx|es)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d{2}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2})(?![./-]?\d)"
)
#: Six digits in a row (a PIN has six), or four or more after the word.
_PIN = re.compile(
    r"(?<!\d)\d(?:[\s.\-]{0,2}\d){5}(?!\d)"
    r"|\b(?:PIN|NIP|c[oó]digo|code)\b\W{0,3}(?:(?:is|was|es|era)\W{1,3})?\d(?:[\s.\-]{0,2}\d){3}",
    re.IGNORECASE,
)
#: Six digits one by one, parted by any mark: "7, 6, 0, 5, 6, 8".
_PIN_PARTED = re.compile(r"(?<!\d)\d(?:\s?[,;_/*|+:']\s?\d(?!\d)){5}")
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
#: Numbers in words, so that "two oh two five five five" is found too.
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
#: "un" alone is an article, but counts as a number in "treinta y un".
_BEHIND_TEN = _UNITS | {"un": "1"}
#: Word boundaries for English and Spanish. In browsers, ``\b`` takes an accented letter for a boundary.
_BEGINS, _ENDS = "(?<![\\wÀ-ÿ])", "(?![\\wÀ-ÿ])"
_ANY_NUMBER = "|".join(_NUMBER_WORDS)
#: Before a lone unit, "and" separates two numbers, as in "nine one one and nine eight eight".
_TWO_DIGITS = "|".join(word for word, digits in _NUMBER_WORDS.items() if len(digits) == 2)
#: A ten with its unit, or one number word; then the text that joins it to the next ("setenta y tres,
#: noventa").
_WORD = re.compile(
    rf"{_BEGINS}(?:({'|'.join(_TENS)})(?:\s+y\s+|[\s-])({'|'.join(_BEHIND_TEN)})|({_ANY_NUMBER})){_ENDS}"
    rf"[,;]?(?:\s+(?:y|and)(?=\s+(?:{_TWO_DIGITS}){_ENDS}))?",
    re.IGNORECASE,
)
_LONG_ROADS = "street|avenue|road|boulevard|lane|highway|parkway|terrace|turnpike|alley"
_SHORT_ROADS = "ave|rd|blvd|ln|hwy|pkwy|tpke"
_ROADS = f"{_LONG_ROADS}|{_SHORT_ROADS}"
_STREETS = f"{_ROADS}|st|av|drive|dr|court|ct|circle|cir|place|pl|ter|way|square|sq|trail|trl|loop|plaza"
_AFTER = re.compile(rf"\b\d{{1,6}}[a-z]?\s+(?:[\w.'\u2019-]+\s+){{0,4}}?(?:{_STREETS})\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:calle|avenida|av|avda|camino|carretera|paseo|callej[oó]n|bulevar)\.?\s+(?:[\w.'\u2019-]+\s+){0,4}?"
    r"(?:n[uú]m(?:ero)?\.?\s*|no?\.?\s*|#\s*)?\d{1,6}\b",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"\b(?:p\.?\s*o\.?\s*box|apartado(?:\s+postal)?|apt|apartment|suite|unit|depto|mza?|manzana|lote)"
    r"\.?\s*#?\s*\d+",
    re.IGNORECASE,
)
#: Number words are part of many sentences ("one of them was at court"), so the text between the number and
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
#: "42, Elm Street". No court: "at 10, immigration court" is an hour.
_AFTER_COMMA = re.compile(rf"\b\d{{2,6}}[a-z]?\s?,\s*(?:{_NAME}){{1,3}}?(?:{_ROADS}|st|av)\b", re.IGNORECASE)
#: Says that the number behind a street is its own: "Elm Street, number 42".
_MARK = r"(?:n[uú]m(?:ero)?\.?|no\.?|number|#)\s*"
#: A time, a day, or a number of these belongs to no street: "waited on Elm Street 20 minutes".
_UNITS_OF = (
    r"[ap]\.?\s?m|o'clock|hours?|hrs?|min(?:ute)?s?|days?|weeks?|months?|years?|times?|calls?|people|persons?|"
    r"men|women|kids?|children|blocks?|miles?|km|of|de|horas?|minutos?|d[ií]as?|semanas?|meses|años?|veces|"
    r"llamadas?|personas?|hij[oa]s?|niñ[oa]s?|cuadras?|nights?|questions?|suspects?|officers?|agents?|cars?|"
    r"messages?|letters?|visits?|noches?|preguntas?|sospechosos?|agentes?|carros?|mensajes?|cartas?|visitas?"
)
_NOT_COUNTED = rf"(?!\s*[:/]|\s*(?:{_UNITS_OF})\b)"
#: What may part a street from the number behind it: "Elm Street (42)", "Elm Street - 42".
_GAP = "[\\s,:(/\u2013\u2014-]{1,3}"
#: Roads with a number that is a house's. The number behind a highway is mostly its own: "Highway 95".
_BEHIND_ROADS = (
    "(?:street|avenue|road|boulevard|parkway|terrace|turnpike|alley|(?:ave|rd|blvd|ln|pkwy|tpke|st|av)\\.?)"
)
#: A street by its name with the number behind it: "Elm St 42". A court is none, since its rooms have
#: numbers, and a word that is seldom a street ("a safe place 2") must look more like one.
_BEHIND = re.compile(
    rf"\b(?:{_NAME}(?:{_BEHIND_ROADS}{_GAP}(?:{_MARK})?\d{{1,6}}[a-z]?"
    rf"|(?:(?:dr|pl)\.?|lane|drive|circle|square|trail|plaza){_GAP}\d{{2,6}}"
    rf"|(?:(?:dr|pl|hwy)\.?|highway|lane|drive|circle|square|trail|plaza|place|way|loop){_GAP}{_MARK}\d{{1,6}})"
    r"|(?!(?:immigration|federal|district|county|state|city|family|criminal|superior|supreme|circuit)\b)"
    rf"{_NAME}ct\.?{_GAP}(?:{_MARK})?\d{{2,6}})\b{_NOT_COUNTED}",
    re.IGNORECASE,
)
_BEHIND_WORDS = re.compile(
    rf"\b{_NAME}(?:(?:{_BEHIND_ROADS}|lane|drive){_GAP}(?:{_MARK}\d|\d(?:[\s-]{{0,2}}\d)+\b)"
    rf"|(?:highway|hwy\.?){_GAP}{_MARK}\d){_NOT_COUNTED}",
    re.IGNORECASE,
)
#: A name and a number right behind the word for an address: "dirección: Elm 42".
_ADDRESS = re.compile(
    r"\b(?:address|direcci[oó]n|domicilio)\b\W{0,3}(?:(?:is|es|was|era)\s+)?"
    rf"(?:(?!(?:al?|con|de|del|desde|en|hace|hasta|para|por|since|sin|y)\b){_NAME}){{1,4}}?(?:{_MARK})?"
    rf"\d(?:[\s-]{{0,2}}\d)*\b{_NOT_COUNTED}",
    re.IGNORECASE,
)
#: The checks, in this order. True: the check reads the text with its number words as digits.
_CHECKS: tuple[tuple[TextRefusal, re.Pattern[str], bool], ...] = (
    (TextRefusal.A_NUMBER, _A_NUMBER, False),
    (TextRefusal.SSN, _SSN, False),
    (TextRefusal.EMAIL, _EMAIL, False),
    (TextRefusal.DATE, _DATE, False),
    (TextRefusal.CASE_NUMBER, _CASE_NUMBER, False),
    (TextRefusal.CASE_NUMBER, _CASE_NUMBER, True),
    (TextRefusal.PHONE, _PHONE, False),
    (TextRefusal.PHONE, _PHONE, True),
    (TextRefusal.PHONE, _PHONE_PARTED, False),
    (TextRefusal.PHONE, _PHONE_NAMED, False),
    (TextRefusal.PHONE, _PHONE_NAMED, True),
    (TextRefusal.PIN, _PIN, False),
    (TextRefusal.PIN, _PIN, True),
    (TextRefusal.PIN, _PIN_PARTED, False),
    (TextRefusal.STREET_ADDRESS, _AFTER, False),
    (TextRefusal.STREET_ADDRESS, _AFTER_COMMA, False),
    (TextRefusal.STREET_ADDRESS, _BEFORE, False),
    (TextRefusal.STREET_ADDRESS, _BOX, False),
    (TextRefusal.STREET_ADDRESS, _AFTER_WORDS, True),
    (TextRefusal.STREET_ADDRESS, _BEFORE_WORDS, True),
    (TextRefusal.STREET_ADDRESS, _BOX, True),
    (TextRefusal.STREET_ADDRESS, _BEHIND, False),
    (TextRefusal.STREET_ADDRESS, _BEHIND_WORDS, True),
    (TextRefusal.STREET_ADDRESS, _ADDRESS, False),
    (TextRefusal.STREET_ADDRESS, _ADDRESS, True),
)


def refusals(text: str) -> list[TextRefusal]:
    """Why a text is refused, each reason once, or none. Finds any spelling; when in doubt, it refuses.

    The text itself is in no log and no exception: the result is only reasons. What one check has found no
    other one names again: an SSN also looks like a phone. A text that is too long is not read on.
    """
    if len(text) > MOST_CHARACTERS:
        return [TextRefusal.TOO_LONG]
    found = dict[TextRefusal, None]()
    plain = _digits_alike(text)
    spelled = _WORD.sub(_in_digits, plain)
    for why, pattern, in_words in _CHECKS:
        if not pattern.search(spelled if in_words else plain):
            continue
        found[why] = None
        # The numbers in words have become digits, so that what is left of them is not found again either.
        plain = pattern.sub(" ", spelled if in_words else plain)
        spelled = _WORD.sub(_in_digits, plain)
    return list(found)


def refusal(text: str) -> TextRefusal | None:
    """The first reason of ``refusals``, or None."""
    return next(iter(refusals(text)), None)


def patterns() -> list[tuple[TextRefusal, str, bool]]:
    """The checks as regular expressions that work alike in Python and in browsers, in their order.

    They ignore case; True as in ``spelling``. The browser checks while somebody types, and the same checks
    run again here.
    """
    return [(why, pattern.pattern, in_words) for why, pattern, in_words in _CHECKS]


def spelling() -> tuple[str, dict[str, str]]:
    """The expression that finds a number in words, and the digits of each word.

    Its groups are a ten and its unit, or one word alone; a ten gives its first digit.
    """
    return _WORD.pattern, _NUMBER_WORDS | _BEHIND_TEN


def _in_digits(found: re.Match[str]) -> str:
    tens, unit, alone = found.groups()
    if tens is None:
        return _NUMBER_WORDS[alone.lower()]
    return _TENS[tens.lower()][0] + _BEHIND_TEN[unit.lower()]


def _digits_alike(text: str) -> str:
    """Turn other decimal digits into plain ones and drop invisible marks, so that neither hides a number.

    A letter and its accent become one character, as in the browser.
    """
    # Python also matches the two Turkish forms of i, which are in no table of number words.
    text = unicodedata.normalize("NFKC", text).translate(_TURKISH_I)
    seen = (one for one in text if unicodedata.category(one) != "Cf")
    return "".join(str(int(one)) if one.isdecimal() else one for one in seen)
