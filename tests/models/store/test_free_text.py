"""Free text of staff: what is kept, and what is refused however it is written (R37)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.store.free_text import MOST_CHARACTERS, refusal

WORDS = st.text(alphabet="abcdefghijklmnoprstuvwxyz ,.", max_size=60).map(lambda text: f" {text} ")
#: The whole check of a text. Names are checked apart, because they are in the rows.
ANSWERS = {
    None, "too_long", "ssn", "a_number", "email", "date", "case_number", "phone", "pin", "street_address",
}  # fmt: skip
SEPARATORS = st.sampled_from(["", " ", "-", ".", "\u2013", "\u00a0"])


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(alphabet="0123456789", min_size=count, max_size=count)


@pytest.mark.parametrize(
    "text",
    [
        "", "Asked about the hearing on Monday at 10.", "Wants to be called after 3 p.m.",
        "Third call this week. Gave 988 and the shelter's name.", "Está tranquila. Llamar el martes.",
        "Court is at 9:30, room 12.", "One of two sisters called at five; three calls in all.",
        "La una o las dos, tres veces.", "Called 3 times, 2 children, 45 minutes late.",
        "dos hijos y una hermana", "Tiene dieciséis años y una hija de veintidós meses.",
        "Hearing at ten thirty in court four.", "Twenty minutes late to court, twice.",
        "One of the two sisters lives in a safe place.", "Llega en camino a las doce y cuarto.",
        "Vive en la calle con una amiga desde hace veintiún días.", "Three court dates, two of them moved.",
        "Code of conduct: two pages. Asked twice about one, three and five.",
        "Nine calls in twenty-one days.", "Tengo veinte y pico mensajes, dos de ella.",
        "Gave her nine one one and nine eight eight.",
        "Cuarenta y cinco minutos tarde; treinta y dos la última vez.", "Lives two streets from court.",
        "La audiencia es el veintinueve a las nueve y media.", "Ten people at the door, one at the back.",
        "f\u0131ve people", "f\u0130ve", "treinta y s\u0130ete mensajes",
        "In case 2 people come, call 988.", "Call at ten or at eleven.", "The case is about her brother.",
        "Text her at 4, or call at 5 or 6.", "Look at a dot on the map.",
        "Free on the 8, 9, 10, 11, 12 and 13.", "At work 9:00-17:00, 8:30 on Fridays.",
        "room 42", "court at 10", "call after 5", "Immigration court 4, room 12.",
        "Waited on Elm Street 20 minutes.", "Met on the road 3 times.", "The hearing took place 11/3.",
        "Call her at Main Street at 5.", "Meet at Court Street 10 am.", "Lives down the street, 2 kids.",
        "Her address changed 3 times.", "Asked for the address of the shelter; call after 5.",
        "Saw Dr 5 times.", "No way 2 people came.", "La dirección cambió hace 3 días.",
        "He drives Highway 95 to work.", "They saw him on Interstate Highway 40.", "Asked Dr 2 questions.",
        "He drives Highway ninety-five.", "Press lane 1.", "At Wall Street 2 suspects were seen.",
        "No address given 2 nights.", "Hearing at 10, immigration court.", "Federal ct 12, room 4.",
        "He waits on Elm Street. 5 men came.", "Was at Elm Street: 2 agents called.",
        "Works on Elm Street 24 hours a day.", "Oak street one of them waited.",
    ],
)  # fmt: skip
def test_ordinary_note_is_kept(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SSN 123-45-6789", "ssn"), ("her number is 123 45 6789", "ssn"), ("A123456789", "a_number"),
        ("a 012 345 678", "a_number"), ("A#12345678", "a_number"), ("call (202) 555-0123", "phone"),
        ("+1 202 555 0123", "phone"), ("\uff15\uff15\uff15 \uff10\uff11\uff12\uff13 0199", "phone"),
        ("lives at 12 Oak Street", "street_address"),
        ("4500 N. Martin Luther King Blvd", "street_address"), ("calle Juárez 45", "street_address"),
        ("P.O. Box 12", "street_address"), ("123\u200b45\u200b6789", "ssn"),
        ("\u202a202\u2060555\u00ad0123\u202c", "phone"), ("A\u200d123456789", "a_number"),
        ("x" * 281, "too_long"), ("born 3/14/1988", "date"), ("on 1988-03-14", "date"),
        ("PIN 760568", "pin"), ("said 760568 to me", "pin"), ("her code: 4821", "pin"),
        ("two oh two five five five", "pin"), ("dos cero dos, cinco cinco cinco", "pin"),
        ("two oh two five five five oh one two three", "phone"),
        ("dos cero dos cinco cinco cinco cero uno dos tres", "phone"), ("ann@example.org", "email"),
        ("write to ann (at) example.org", "email"),
        ("setenta y tres, noventa y cuatro, ochenta y dos", "pin"),
        ("setenta y tres y noventa y cuatro y ochenta y dos", "pin"),
        ("dieciséis, diecisiete, dieciocho", "pin"), ("diecinueve veinticuatro veintinueve", "pin"),
        ("dieciseis veintitres veintidos", "pin"), ("diecise\u0301is, veintise\u0301is, doce", "pin"),
        ("treinta y un, veintiuno, cuarenta y uno", "pin"),
        ("seventy-three and ninety-four and eighty-two", "pin"),
        ("dos cero dos, cincuenta y cinco, cincuenta y uno, cero uno, veintitrés", "phone"),
        ("f\u0131ve s\u0130x one nI\u0307ne three four", "pin"),
        ("code one two three four", "pin"), ("her PIN is 48 21", "pin"),
        ("el código es dos uno, cuatro seis", "pin"),
        ("one twenty three Elm Street", "street_address"), ("twelve Oak Court", "street_address"),
        ("lives at one Elm Road", "street_address"), ("calle Juárez cuarenta y cinco", "street_address"),
        ("avenida Hidalgo número cinco", "street_address"), ("apartment four", "street_address"),
        ("P.O. Box twelve", "street_address"),
        ("case 74715991", "case_number"), ("her case number is 7471-5991", "case_number"),
        ("caso número 74 71 59 91", "case_number"), ("el expediente es 7471599102", "case_number"),
        ("case seven four seven one five nine nine one", "case_number"),
        ("call her on two oh two five five five", "phone"),
        ("llámela al dos cero dos, cinco cinco cinco", "phone"),
        ("call her, the PIN is 760568", "pin"), ("ring back. PIN 760568", "pin"),
        ("ann at example dot org", "email"), ("ana arroba ejemplo punto org", "email"),
        ("called on 3/14/1988", "date"), ("202,555,0110", "phone"), ("202_555_0110", "phone"),
        ("202 | 555 | 0110", "phone"), ("7,6,0,5,6,8", "pin"), ("7, 6, 0, 5, 6, 8", "pin"),
        ("Elm St 42", "street_address"), ("Elm Street no. 42", "street_address"),
        ("lives at Elm Ct 42", "street_address"), ("Elm Pl 42", "street_address"),
        ("Elm Street (42)", "street_address"), ("Elm Street: 42", "street_address"),
        ("Elm Street - 42", "street_address"), ("42, Elm Street", "street_address"),
        ("Oak Lane 42", "street_address"), ("Old Highway no. 42", "street_address"),
        ("on Elm Street 42", "street_address"), ("her place: Oak Avenue 1210", "street_address"),
        ("she stays at Elm Street, number 42", "street_address"), ("Oak Drive 42", "street_address"),
        ("lives at Main Road forty-two", "street_address"), ("Oak Place no. 4", "street_address"),
        ("dirección: Elm 42", "street_address"), ("address is Elm 42", "street_address"),
        ("su domicilio es Roble cuarenta y dos", "street_address"),
        ("colonia Centro, mz 4 lote 7", "street_address"), ("lote siete", "street_address"),
        ("the PIN is 7/6/0/5/6/8", "pin"), ("7_6_0_5_6_8", "pin"),
    ],
)  # fmt: skip
def test_forbidden_text_is_refused_with_its_reason(text: str, why: str) -> None:
    assert refusal(text) == why


@given(WORDS, digits(3), digits(2), digits(4), SEPARATORS, WORDS)
def test_ssn_is_refused_in_any_words(before: str, a: str, b: str, c: str, by: str, after: str) -> None:
    assert refusal(f"{before}{a}{by}{b}{by}{c}{after}") is not None


@given(WORDS, st.sampled_from(["A", "a", "A-", "A#", "A "]), st.integers(7, 9).flatmap(digits), WORDS)
def test_alien_number_is_refused_in_any_words(before: str, mark: str, number: str, after: str) -> None:
    assert refusal(f"{before}{mark}{number}{after}") is not None


@given(WORDS, digits(3), digits(3), digits(4), SEPARATORS, st.sampled_from(["", "1 ", "+1 "]), WORDS)
def test_phone_is_refused_in_any_words(
    before: str, a: str, b: str, c: str, by: str, country: str, after: str
) -> None:
    assert refusal(f"{before}{country}{a}{by}{b}{by}{c}{after}") is not None


@given(
    WORDS,
    st.integers(1, 99999),
    st.lists(st.sampled_from(["Oak", "N.", "Old", "O'Neill", "1st"]), min_size=1, max_size=3),
    st.sampled_from(["St", "street", "AVE", "Road", "Blvd", "Ln", "drive", "Court"]),
    WORDS,
)
def test_street_address_is_refused_in_any_words(
    before: str, number: int, names: list[str], kind: str, after: str
) -> None:
    assert refusal(f"{before}{number} {' '.join(names)} {kind}{after}") is not None


@given(
    WORDS,
    st.sampled_from(["Elm", "N. Oak", "Martin Luther King", "O'Neill", "1st"]),
    st.sampled_from(["St", "St.", "street", "AVE", "Road", "Blvd.", "Ln"]),
    st.sampled_from([" ", ", ", " (", ": ", " - ", " no. ", " #", ", number ", " núm. ", ", número "]),
    st.integers(1, 99999),
    st.sampled_from(["", ".", ", calls at noon", " since May"]),
)
def test_street_address_with_its_number_behind_the_name_is_refused(
    before: str, name: str, kind: str, mark: str, number: int, after: str
) -> None:
    assert refusal(f"{before}{name} {kind}{mark}{number}{after}") is not None


@given(
    st.sampled_from(
        ["Room", "Court", "In courtroom", "The hearing is in court", "Call after", "Court at", "Gate", "Bus",
         "Immigration court", "A safe place", "On Elm Street at", "Not before", "Line"]
    ),
    st.integers(1, 59),
    st.sampled_from(["", ".", ", then call.", " on Monday", " minutes", " p.m."]),
)  # fmt: skip
def test_number_in_court_or_of_an_hour_is_kept(before: str, number: int, after: str) -> None:
    assert refusal(f"{before} {number}{after}") is None


@given(st.text(min_size=MOST_CHARACTERS + 1, max_size=MOST_CHARACTERS * 2))
def test_nothing_long_is_kept(text: str) -> None:
    assert refusal(text) == "too_long"


@example("000000")
@example("a@example.org")
@example("3/14/1988")
@given(st.text(max_size=MOST_CHARACTERS) | st.text(alphabet="0123456789 /-.@abc", max_size=MOST_CHARACTERS))
def test_any_text_gets_an_answer(text: str) -> None:
    assert refusal(text) in ANSWERS
