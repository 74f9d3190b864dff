"""Letters as PDF: one has only a PIN, one only a case number; each has the key map (R02, R08).

A letter is made in memory and handed out once; nothing of it is stored. It names neither the person nor the
purpose of the line, since someone else may open it. A letter with a discreet number has the words of that
line, which names no case and calls the PIN a code (R17).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date

from hotline.console.shell.words import N_

if TYPE_CHECKING:
    from fpdf import FPDF

_FONTS = Path(__file__).parents[1] / "fonts" / "public-sans"
_FAMILY = "Public Sans"
_MARGIN, _WIDTH = 22.0, 215.9 - 2 * 22.0
#: Each key with its action: the card in each letter. The line itself need not explain the keys listed here.
KEYS = (
    ("0", N_("A person. If nobody is free, we offer to call you back.")),
    ("*", N_("Hear it again.")),
    ("9", N_("Slower, with more time for each answer.")),
    ("5", N_("A person, when you cannot talk: they ask, and you press 1 for yes and 2 for no.")),
    ("7", N_("If someone is listening: you hear a harmless announcement, and the call ends.")),
    ("8", N_("At a menu, the next language.")),
    ("#", N_("At a menu, the menu before it. After the digits of a number, you are done.")),
)
_ALONE = N_("Where you key several digits, press 0, *, 9, 5 or 7 alone and then #, or wait.")


@dataclass(frozen=True, slots=True)
class _Words:
    """What the letters say, in the words that the line at their number says."""

    pin: str
    choose_own: str
    number_apart: str
    never_asked: str
    number: str
    key_it: str
    pin_apart: str


_WORDS = _Words(
    pin=N_("Your PIN"),
    choose_own=N_("It works until %(day)s. In your first call you choose a PIN of your own."),
    number_apart=N_(
        "Your case number comes in another way. Keep the two apart, and tell your PIN to nobody."
    ),
    never_asked=N_("When we call you, we never ask for your PIN."),
    number=N_("Your case number"),
    key_it=N_("Key it when you call us, and then your PIN."),
    pin_apart=N_("Your PIN comes in another way. Keep the two apart."),
)
_DISCREET_WORDS = _Words(
    pin=N_("Your code for calling us"),
    choose_own=N_("It works until %(day)s. In your first call you choose a code of your own."),
    number_apart=N_("Your number comes in another way. Keep the two apart, and tell this code to nobody."),
    never_asked=N_("When we call you, we never ask for this code."),
    number=N_("Your number"),
    key_it=N_("Key it when you call us, and then your code."),
    pin_apart=N_("Your code comes in another way. Keep the two apart."),
)


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of the letter: a neutral name in its language, and the number to call in E.164."""

    neutral_name: str
    line: str
    time_zone: str
    is_discreet: bool = False

    @property
    def words(self) -> _Words:
        """The words of the letters with this number."""
        return _DISCREET_WORDS if self.is_discreet else _WORDS


@dataclass(frozen=True, slots=True)
class Letter:
    """The content of one letter; ``secret`` is the PIN or the number, and appears in no other field."""

    language: str
    say: Callable[[str], str]
    sender: Sender
    heading: str
    secret: str = field(repr=False)
    sentences: tuple[str, ...] = ()


def pin_letter(
    language: str, say: Callable[[str], str], sender: Sender, pin: str, expires_at: datetime
) -> bytes:
    """A letter with only the PIN; ``say`` translates a text into ``language``. Returns the PDF."""
    day = format_date(expires_at.astimezone(ZoneInfo(sender.time_zone)).date(), "long", locale=language)
    words = sender.words
    sentences = (say(words.choose_own) % {"day": day}, say(words.number_apart), say(words.never_asked))
    return _draw(Letter(language, say, sender, say(words.pin), pin, sentences))


def number_letter(language: str, say: Callable[[str], str], sender: Sender, number: str) -> bytes:
    """A letter with only the case number. Returns the PDF."""
    words = sender.words
    sentences = (say(words.key_it), say(words.pin_apart))
    return _draw(Letter(language, say, sender, say(words.number), number, sentences))


def _draw(letter: Letter) -> bytes:
    # Imported at the first letter: it is a quarter of a web process's load, and restarts must be fast.
    from fpdf import FPDF

    say = letter.say
    pdf = FPDF(unit="mm", format="letter")
    pdf.set_lang(letter.language)
    pdf.set_title(letter.sender.neutral_name)
    pdf.set_creator(letter.sender.neutral_name)
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(auto=False)
    pdf.add_font(_FAMILY, "", _FONTS / "PublicSans-Regular.ttf")
    pdf.add_font(_FAMILY, "B", _FONTS / "PublicSans-Bold.ttf")
    pdf.add_page()
    _line(pdf, _capitalised(letter.sender.neutral_name), 13, bold=True)
    _line(pdf, _readable(letter.sender.line), 13, after=14)
    _line(pdf, letter.heading, 24, bold=True, after=4)
    _secret(pdf, letter.secret)
    for sentence in letter.sentences:
        _line(pdf, sentence, 12.5, after=2.5)
    pdf.ln(9)
    _line(pdf, say(N_("To use it, call")) + f" {_readable(letter.sender.line)}.", 12.5, bold=True, after=9)
    _line(pdf, say(N_("Keys you can press at any time")), 16, bold=True, after=3)
    _key_map(pdf, letter)
    pdf.ln(5)
    _line(pdf, say(_ALONE), 11)
    return bytes(pdf.output())


def _secret(pdf: "FPDF", digits: str) -> None:
    """The digits, large and in groups, so that people read and type them correctly."""
    size = 3 if len(digits) % 3 == 0 else 4
    groups = [digits[start : start + size] for start in range(0, len(digits), size)]
    pdf.set_font(_FAMILY, "B", 44)
    pdf.set_draw_color(90)
    pdf.set_line_width(0.5)
    pdf.cell(_WIDTH, 30, "   ".join(groups), border=1, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(8)


def _key_map(pdf: "FPDF", letter: Letter) -> None:
    from fpdf.fonts import FontFace

    pdf.set_font(_FAMILY, "", 12.5)
    pdf.set_line_width(0.2)
    pdf.set_draw_color(150)
    bold = FontFace(emphasis="B")
    with pdf.table(
        col_widths=(12, 88),
        line_height=7,
        padding=(1.8, 3),
        text_align=("CENTER", "LEFT"),
        headings_style=bold,
    ) as table:
        heads = table.row()
        heads.cell(letter.say(N_("Key")))
        heads.cell(letter.say(N_("What it does")))
        for key, does in KEYS:
            row = table.row()
            row.cell(key, style=bold)
            row.cell(letter.say(does))


def _line(pdf: "FPDF", text: str, size: float, *, bold: bool = False, after: float = 0) -> None:
    pdf.set_font(_FAMILY, "B" if bold else "", size)
    pdf.multi_cell(_WIDTH, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(after)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _readable(number: str) -> str:
    """One of our numbers as people in its country write it."""
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
