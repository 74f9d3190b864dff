"""The directories of facilities and courts: one page of each kind, and how an entry is kept (R12)."""

from typing import Any

import pytest
from sqlalchemy import select

from models import Court, Facility
from models.store.database import Database
from tests.console.conftest import Member
from tests.console.office.test_office_settings import standing
from tests.factories import make_court, make_facility

DIRECTORIES = pytest.mark.parametrize(
    ("kind", "fact", "values", "wrong", "save"),
    [
        ("facility", "phone", ("+12025550181", "+12025550182"), "900 555 0123", "Save phone"),
        ("court", "time_zone", ("America/Chicago", "America/Denver"), "Central", "Save time zone"),
    ],
)
PATHS = {"facility": "/console/office/facilities", "court": "/console/office/courts"}
KINDS: dict[str, Any] = {"facility": Facility, "court": Court}


@DIRECTORIES
def test_entry_of_a_directory_is_added_changed_and_removed(
    administrator: Member, database: Database, kind: str, fact: str, values: tuple[str, str], wrong: str,
    save: str,
) -> None:  # fmt: skip
    def kept() -> list[str]:
        with database.reading() as session:
            return [getattr(one, fact) for one in session.scalars(select(KINDS[kind]))]

    path = PATHS[kind]
    administrator.opens(path).fills(name="Cedar  Hill", **{fact: values[0]}).clicks(f"Add {kind}")
    assert administrator.reads("Callers hear it from the next import on.")
    assert kept() == [values[0]]
    administrator.clicks("Cedar Hill").fills(**{fact: wrong}).clicks(save)
    assert (administrator.status, kept()) == (422, [values[0]])
    administrator.fills(**{fact: values[1]}).clicks(save)
    assert kept() == [values[1]]

    administrator.opens(path).fills(name="cedar hill", **{fact: values[0]}).clicks(f"Add {kind}")
    assert administrator.reads("The directory has it already.")
    administrator.fills(name="Asylum Center", **{fact: wrong}).clicks(f"Add {kind}")
    assert administrator.reads("has a word that reveals why a person is protected")
    assert administrator.reads(
        "Enter an ordinary phone number" if kind == "facility" else "Enter a time zone"
    )

    administrator.opens(f"{path}/1").clicks(f"Remove {kind}")
    assert kept() == []
    assert administrator.opens(f"{path}/1").status == 404


def test_each_change_of_the_directory_is_among_the_changes_and_is_undone(
    administrator: Member, database: Database
) -> None:
    administrator.opens("/console/office/facilities").fills(name="Cedar Hill", phone="202 555 0181")
    administrator.clicks("Add facility")
    administrator.clicks("Cedar Hill").fills(phone="202 555 0182").clicks("Save phone")
    administrator.clicks("Cedar Hill").clicks("Remove facility")
    assert administrator.opens("/console/office").reads("Facility: Cedar Hill")
    assert standing(database) == {}

    administrator.opens("/console/office/changes")
    assert administrator.reads("Facility: Cedar Hill removed (was +12025550182)", "(was +12025550181)")
    assert administrator.buttons.count("Undo") == 1
    administrator.clicks("Undo")
    assert administrator.reads("Undone: the directory is as it was before.")
    with database.reading() as session:
        assert session.scalars(select(Facility.phone)).all() == ["+12025550182"]
    assert administrator.heading == "Facilities"

    with database.transaction() as session:
        session.scalars(select(Facility)).one().phone = "+12025550199"
    administrator.opens("/console/office/changes").clicks("Undo")
    assert administrator.reads("Someone else has changed this meanwhile.")


@DIRECTORIES
def test_entry_has_its_history_and_its_last_change_is_undone_there(
    administrator: Member, database: Database, kind: str, fact: str, values: tuple[str, str], wrong: str,
    save: str,
) -> None:  # fmt: skip
    administrator.opens(PATHS[kind]).fills(name="Cedar Hill", **{fact: values[0]}).clicks(f"Add {kind}")
    administrator.clicks("Cedar Hill").fills(**{fact: values[1]}).clicks(save)

    administrator.clicks("Cedar Hill")
    assert administrator.reads(f"{values[1]} (was {values[0]})", "Administrator 1")
    administrator.clicks("Undo")

    assert administrator.reads("Undone: the directory is as it was before.")
    with database.reading() as session:
        assert session.scalars(select(getattr(KINDS[kind], fact))).all() == [values[0]]


@DIRECTORIES
def test_removed_entry_is_restored_from_the_history_of_its_directory(
    administrator: Member, database: Database, kind: str, fact: str, values: tuple[str, str], wrong: str,
    save: str,
) -> None:  # fmt: skip
    administrator.opens(PATHS[kind]).fills(name="Cedar Hill", **{fact: values[0]}).clicks(f"Add {kind}")
    administrator.clicks("Cedar Hill").clicks(f"Remove {kind}")
    assert administrator.reads(f"Cedar Hill: removed (was {values[0]})")

    administrator.clicks("Undo")

    with database.reading() as session:
        assert session.scalars(select(KINDS[kind].name)).all() == ["Cedar Hill"]


def test_supervisor_reads_the_history_of_a_directory_and_undoes_nothing(
    administrator: Member, supervisor: Member
) -> None:
    administrator.opens(PATHS["court"]).fills(name="Cedar Hill", time_zone="America/Chicago")
    administrator.clicks("Add court")

    assert supervisor.opens(PATHS["court"]).reads("Cedar Hill: America/Chicago")
    assert "Undo" not in supervisor.buttons


@DIRECTORIES
def test_second_save_of_an_entry_names_what_it_replaces(
    administrator: Member, database: Database, kind: str, fact: str, values: tuple[str, str], wrong: str,
    save: str,
) -> None:  # fmt: skip
    with database.transaction() as session:
        one = (make_facility(session) if kind == "facility" else make_court(session)).id
    administrator.opens(f"{PATHS[kind]}/{one}")
    with database.transaction() as session:
        setattr(session.get_one(KINDS[kind], one), fact, values[0])

    administrator.fills(**{fact: values[1]}).clicks(save)

    assert administrator.reads(f"now: {values[0]}")
    assert administrator.value(fact) == values[1]
    administrator.clicks(save)
    with database.reading() as session:
        assert getattr(session.get_one(KINDS[kind], one), fact) == values[1]


@DIRECTORIES
@pytest.mark.parametrize("way", ["change", "remove"])
def test_administrator_who_changes_an_entry_that_was_changed_meanwhile_is_told(
    administrator: Member, database: Database, kind: str, fact: str, values: tuple[str, str], wrong: str,
    save: str, way: str,
) -> None:  # fmt: skip
    with database.transaction() as session:
        one = (make_facility(session) if kind == "facility" else make_court(session)).id
    administrator.opens(f"{PATHS[kind]}/{one}")
    with database.transaction() as session:
        setattr(session.get_one(KINDS[kind], one), fact, values[0])

    administrator.fills(**{fact: values[1]}).clicks(save if way == "change" else f"Remove {kind}")

    assert administrator.status == 409
    assert administrator.reads("Someone else has changed this meanwhile.")
    with database.reading() as session:
        assert getattr(session.get_one(KINDS[kind], one), fact) == values[0]
