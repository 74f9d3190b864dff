"""Whom a call-out may call: a facility or a service of the office's directories, or one of its interpreters.

A party is named by a code, such as ``facility:3``, ``service:crisis`` or ``interpreter:es``. Its number is in
no row: it is read from the directory at the moment of the call.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from models.custody.directory import Facility, facilities, facility_numbered

#: The kinds of party, as the audit names them.
AGENCY, INTERPRETER = "agency", "interpreter"
_FACILITY, _SERVICE = "facility", "service"
#: An id as a code has it: no leading zero, and not more digits than a database has room for.
_ID = re.compile(r"[1-9][0-9]{0,8}")


class Service(Protocol):
    """A partner line of the office."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def phone(self) -> str: ...


class Directories(Protocol):
    """What an office has to be called; numbers are E.164, or short ones of services."""

    @property
    def services(self) -> Sequence[Service]: ...
    @property
    def interpreters(self) -> Mapping[str, str]: ...
    @property
    def lines(self) -> Sequence[str]: ...
    @property
    def staff_line(self) -> str | None: ...

    def can_dial(self, number: str) -> bool: ...


def kind_of(party: str) -> str:
    """AGENCY or INTERPRETER."""
    return INTERPRETER if party.startswith(f"{INTERPRETER}:") else AGENCY


def language_of(party: str) -> str | None:
    """The language of an interpreter; None for an agency."""
    kind, _, code = party.partition(":")
    return code if kind == INTERPRETER else None


def agencies(session: Session, office: Directories, language: str) -> list[tuple[str, str]]:
    """Every agency that may be called: its code, and its name in ``language`` if it has several."""
    partners = [
        (f"{_SERVICE}:{one.key}", one.name.get(language) or next(iter(one.name.values())))
        for one in office.services
        if _is_another(one.phone, office)
    ]
    places = [(_code(one), one.name) for one in facilities(session) if office.can_dial(one.phone)]
    return partners + places


def interpreted(office: Directories) -> list[str]:
    """The languages for which the office has an interpreter to call."""
    return [code for code, number in office.interpreters.items() if _is_another(number, office)]


def number_of(session: Session, party: str, office: Directories) -> str | None:
    """The number to dial for a party; None if the directories lack it, or the line may not call it (R35)."""
    kind, _, key = party.partition(":")
    if kind == _FACILITY:
        found = facility_numbered(session, int(key)) if _ID.fullmatch(key) else None
        return found.phone if found is not None and office.can_dial(found.phone) else None
    if kind == _SERVICE:
        number = next((one.phone for one in office.services if one.key == key), None)
    else:
        number = office.interpreters.get(key) if kind == INTERPRETER else None
    # The office tried these numbers itself. They may be short or free of charge, so only our own are refused.
    return number if number is not None and _is_another(number, office) else None


def name_of(session: Session, party: str, office: Directories, language: str) -> str | None:
    """The name of an agency; None for an interpreter, and for an agency that the directories have lost."""
    return dict(agencies(session, office, language)).get(party)


def _code(facility: Facility) -> str:
    return f"{_FACILITY}:{facility.id}"


def _is_another(number: str, office: Directories) -> bool:
    own: Collection[str | None] = (*office.lines, office.staff_line)
    return number not in own
