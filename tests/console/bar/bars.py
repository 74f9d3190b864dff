"""What is read in the bar, and the rows of the calls that it shows."""

from typing import Any

from models import Staff, Talk
from models.store.database import Database
from models.talks.talk import begin_talk
from tests.console.callbacks.office import Office
from tests.console.conftest import Member, words
from tests.factories import make_call

ELSEWHERE = "/console/cases"


def bar_of(member: Member, path: str = ELSEWHERE) -> str:
    """The words of the bar on a page."""
    return words(member.opens(path).page.get_element_by_id("bar"))


def news_of(member: Member, path: str = ELSEWHERE) -> dict[str, str]:
    """The announcements of a page: each sentence by its tokens."""
    found = member.opens(path).page.xpath("//ul[@id='bar-news']/li")
    return {one.get("data-tokens"): one.get("data-says") for one in found}


def becomes(database: Database, member: Member, **facts: Any) -> None:
    with database.transaction() as session:
        person = session.get_one(Staff, member.staff_id)
        for name, value in facts.items():
            setattr(person, name, value)


def talks_at_0(office_rows: Office, leader: Member, language: str = "en", **facts: Any) -> Talk:
    """This member of staff has just taken a caller at 0; ``facts`` are those of the caller's call."""
    with office_rows.database.transaction() as session:
        caller = make_call(session, language=language, **facts)
        leg = make_call(
            session, role="liaison_at_0", staff_id=leader.staff_id, parent_call_id=caller.id,
            accepted_at=office_rows.clock(), place="in_talk",
        )  # fmt: skip
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=leader.staff_id,
            language=language, now=office_rows.clock(),
        )  # fmt: skip
        session.flush()
        session.expunge(talk)
        return talk


def leads(office_rows: Office, leader: Member, **facts: Any) -> int:
    """This member of staff talks with the person of a callback; its id."""
    callback_id = office_rows.promises(language="es", urgency="urgent", **facts)
    office_rows.talks(callback_id, leader.staff_id)
    return callback_id


def joins(office_rows: Office, callback_id: int, role: str, staff_id: int | None, **facts: Any) -> None:
    """A leg that was called into the talk of a callback."""
    with office_rows.database.transaction() as session:
        make_call(
            session, role=role, direction="outbound", callback_id=callback_id, staff_id=staff_id, **facts
        )
