"""Supervisors find a case by a name that is stored nowhere in the clear, and each search keeps its reason."""

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

import models.cases.name_search
from models import AuditEntry, NameWord, Registrant, Subject
from models.cases.name_index import MOST_WORDS, can_be_asked, fits, index_name, words_of
from models.cases.registrant import name_registrant
from models.cases.subject import find_or_add_subject, rename_subject
from models.overview.case_search import CaseSearchError, FoundCases, search_cases
from models.store.database import Database
from models.store.keyring import Keyring
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import NOW, make_case
from tests.models.staff.staff_people import someone
from tests.statements import sent_statements

#: A name, and something that a supervisor may type for it.
FOUND = [
    ("María-José Núñez", "maria nunez"),
    ("María-José Núñez", "NÚÑ jose"),
    ("Siobhan O'Brien", "obrien"),
    ("Siobhan O’Brien", "o'brien"),
    ("Søren Łukasz", "soren luk"),
    ("Straße", "strasse"),
    ("王小明", "王"),
    ("김민수", "김민"),
    ("Иван Петров", "петр"),
    ("محمد علي", "محمد"),
    ("Li", "li"),
    ("Li Wei", "wei li"),
]


def _keep(database: Database, *names: str) -> None:
    with database.transaction() as session:
        for place, name in enumerate(names):
            subject = find_or_add_subject(session, feed_id=f"S-{place}", name=name, now=NOW)
            make_case(session, subject=subject)


def _search(
    database: Database, name: str, reason: str = "agency_asks", role: str = "supervisor"
) -> FoundCases:
    with database.transaction() as session:
        return search_cases(session, someone(session, role), name=name, reason=reason, now=NOW)


@pytest.mark.parametrize(("name", "typed"), FOUND)
def test_name_in_any_script_is_found_without_its_accents_its_order_or_its_end(
    database: Database, name: str, typed: str
) -> None:
    _keep(database, name, "Quentin Zabriskie")

    assert [one.subject_name for one in _search(database, typed).cases] == [name]


@pytest.mark.parametrize("typed", ["nunes", "maria lopez", "osé", "mm"])
def test_another_name_is_not_found(database: Database, typed: str) -> None:
    _keep(database, "María-José Núñez")

    assert _search(database, typed).cases == ()


def test_registrant_is_found_too_and_closed_cases_are_below_open_ones(database: Database) -> None:
    with database.transaction() as session:
        closed = make_case(session, closed_at=NOW)
        opened = make_case(session)
        for case in (closed, opened):
            name_registrant(session, session.get_one(Registrant, case.registrant_id), "Rosa Invented")

    found = _search(database, "rosa").cases

    assert [one.id for one in found] == [opened.id, closed.id]
    assert found[0].registrant_name == "Rosa Invented"


def test_corrected_name_is_found_by_the_new_one_alone(database: Database) -> None:
    with database.transaction() as session:
        subject = find_or_add_subject(session, feed_id="S-1", name="Marek Vale", now=NOW)
        make_case(session, subject=subject)
        rename_subject(session, subject, "Marc Vale")

    assert _search(database, "marek").cases == ()
    assert [one.subject_name for one in _search(database, "marc").cases] == ["Marc Vale"]


def test_no_word_of_a_name_is_in_the_index_the_audit_or_the_printed_result(
    database: Database,
) -> None:
    _keep(database, "Marek Vale")

    found = _search(database, "marek")

    with database.reading() as session:
        kept = " ".join(session.scalars(select(NameWord.word_key)))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "search_cases")).one()
        assert entry.facts == {"reason": "agency_asks", "found": 1}
        told = f"{kept} {entry.actor} {entry.target} {entry.facts} {found!r}".lower()
    assert not any(secret in told for secret in ("marek", "vale"))


@pytest.mark.parametrize(
    ("typed", "reason", "role", "field"),
    [
        ("marek", "agency_asks", "liaison", "name"),
        ("marek", "agency_asks", "administrator", "name"),
        ("marek", "because", "supervisor", "reason"),
        ("m", "agency_asks", "supervisor", "name"),
        (" - ' ", "agency_asks", "supervisor", "name"),
        ("x" * 201, "agency_asks", "supervisor", "name"),
    ],
)
def test_search_without_role_reason_or_letters_is_refused_and_says_which_field(
    database: Database, typed: str, reason: str, role: str, field: str
) -> None:
    with pytest.raises(CaseSearchError) as refused:
        _search(database, typed, reason, role)

    assert refused.value.field == field


def test_too_many_people_of_one_name_are_cut_off_and_the_page_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.cases.name_search, "MOST_UNSEALED", 3)
    _keep(database, *(f"Maria Invented{n}" for n in range(5)))

    found = _search(database, "mari")

    assert len(found.cases) == 3
    assert found.more
    # A whole name is always among them, because whole words are searched first.
    assert "Maria Invented4" in [one.subject_name for one in _search(database, "maria invented4").cases]


def test_number_of_statements_does_not_grow_with_the_cases(database: Database) -> None:
    _keep(database, *(f"Maria Same{n}" for n in range(3)))
    few = _statements(database)
    _keep(database, *(f"Maria Same{n}" for n in range(30)))

    assert _statements(database) == few


def _statements(database: Database) -> int:
    with sent_statements(database) as sent:
        _search(database, "maria")
    return len(sent)


def test_search_reads_through_no_table_that_grows(database: Database) -> None:
    from tests.models.store.test_query_plans import _plans

    with database.transaction() as session:
        person = someone(session, "supervisor")
        if session.get_bind().dialect.name == "postgresql":
            # A server that has seen the empty table plans for no rows at all: hide it from the planner.
            session.execute(
                text("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relname = 'name_words'")
            )
        plan = _plans(
            session, lambda: search_cases(session, person, name="maria garcia", reason="complaint", now=NOW)
        )
    through = [line for line in plan.splitlines() if "Seq Scan on" in line or line.startswith("SCAN ")]
    assert not [line for line in through if "name_words" in line or "subjects" in line], plan
    # Of an empty table either of the two indexes that begin with the key will do.
    assert "ix_name_words_of_" in plan


# For all names.

NAMES = st.text(max_size=60)


@given(NAMES)
def test_name_with_a_letter_fits_itself_and_each_beginning_of_its_words(name: str) -> None:
    words = words_of(name)

    assert not words or fits(name, words)
    for word in words:
        assert fits(name, [word[:1]])
    assert len(words) <= MOST_WORDS


@given(NAMES, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_words_of_a_name_are_the_same_however_it_is_composed(name: str, form: str) -> None:
    assert words_of(unicodedata.normalize(form, name)) == words_of(name)  # type: ignore[arg-type]


@given(NAMES)
def test_no_name_breaks_the_search(name: str) -> None:
    assert can_be_asked(name) in (True, False)
    assert all(word and not any(sign.isspace() for sign in word) for word in words_of(name))


@given(st.lists(st.text("abcdefgh", min_size=3, max_size=8), min_size=1, max_size=4))
def test_index_keeps_two_hashes_for_each_word_of_a_name(words: list[str]) -> None:
    kept = _Kept()

    index_name(kept, "subject", 1, " ".join(words))  # type: ignore[arg-type]

    keys = {row.word_key for row in kept.rows}
    assert len(keys) == len(kept.rows) == len(set(words)) + len({word[:3] for word in words})
    assert all(row.subject_id == 1 and row.registrant_id is None for row in kept.rows)


class _Kept:
    """A session that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[NameWord] = []
        self.info = {"keyring": Keyring(FIELD_KEYS, SECRET_KEY)}

    def execute(self, _statement: object) -> None: ...
    def flush(self) -> None: ...
    def add_all(self, rows: Iterable[NameWord]) -> None:
        self.rows.extend(rows)


def test_subjects_of_the_index_are_those_of_the_table(database: Database) -> None:
    _keep(database, "Marek Vale", "Oren Pike")

    with database.reading() as session:
        assert set(session.scalars(select(NameWord.subject_id))) == set(session.scalars(select(Subject.id)))


def test_each_case_that_a_search_shows_is_an_entry_of_its_own(database: Database) -> None:
    _keep(database, "Maria Núñez", "Mario Núñez", "Quentin Zabriskie")

    found = _search(database, "nunez")

    with database.reading() as session:
        shown = select(AuditEntry.target).where(AuditEntry.action == "show_found_case")
        assert set(session.scalars(shown)) == {f"case:{one.id}" for one in found.cases}
    assert len(found.cases) == 2
