"""What staff do about news that the line leaves to them."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Callback, Staff
from models.callbacks.case_words import log_view, look_at_words, words_beside
from models.callbacks.recognition import recognize
from models.cases.case import Case
from models.custody.imports.custody_import import ImportResult
from models.overview.case_opening import look_at, open_to
from models.overview.outcome import note_outcome
from models.talks.own_call import call_now
from models.talks.shown_talk import look_at_talk_words, shown_talk, view_in_talk
from models.talks.talk import Talk
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, TELLING, Registered, calls_go_out, picks_up, reports, sweeps
from tests.phone import Phone, PlacedCall
from workers.office_rules import heard_rules_of


class Reader(NamedTuple):
    """A signed-in member of staff."""

    staff_id: int
    email: str
    role: str


def tasks(hotline: Hotline) -> list[Callback]:
    """The callbacks on the list, oldest first."""
    return hotline.rows(select(Callback).order_by(Callback.id))


def forgets_the_code(phone: Phone, hotline: Hotline) -> None:
    """Whoever answers says that they have no code."""
    called = picks_up(phone, hotline)
    called.presses("1")
    called.presses("#")
    called.hangs_up()
    sweeps(hotline)


def presses_call_now(hotline: Hotline, who: Staff, task: Callback | None = None) -> None:
    """Staff press Call now on this task, or the newest; their own phone rings."""
    task = task or tasks(hotline)[-1]
    with hotline.database.transaction() as session:
        jobs = call_now(session, task.id, who.id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


def staff_ring(
    phone: Phone, hotline: Hotline, who: Staff, task: Callback | None = None
) -> tuple[Phone, PlacedCall]:
    """Staff press Call now and accept; the liaison's phone, and the call to the person."""
    presses_call_now(hotline, who, task)
    return accepted_by(phone, hotline)


def has_time(phone: Phone, hotline: Hotline, to_person: PlacedCall) -> Phone:
    """The person picks up, hears nothing that tells, and says that it is a good time."""
    person = phone.answers(to_person)
    assert person.does_not_hear(*TELLING)
    person.presses("1")
    hotline.jobs.works_off()
    return person


def staff_call(phone: Phone, hotline: Hotline, who: Staff) -> Phone:
    """Staff take the task and call; the person says that it is a good time. Returns the person's phone."""
    _, to_person = staff_ring(phone, hotline, who)
    return has_time(phone, hotline, to_person)


def staff_tell(phone: Phone, hotline: Hotline, who: Staff, minutes: float = 3) -> Phone:
    """Soon staff call, recognize the person, and talk with the words before them; the person's phone."""
    hotline.clock.passes(seconds=30)
    person = staff_call(phone, hotline, who)
    recognizes(hotline, who)
    hotline.clock.passes(minutes=minutes)
    return person


def hangs_up(person: Phone, hotline: Hotline) -> None:
    """The person hangs up; staff have not saved yet how it went."""
    person.hangs_up()
    hotline.jobs.works_off()


def ends(
    hotline: Hotline,
    person: Phone,
    who: Staff,
    code: str,
    *,
    recognized: bool = False,
    call_at: datetime | None = None,
) -> None:
    """The talk ends, and staff enter how it went, and when to call again.

    ``recognized``: in its last moments they recognized the person and had the words before them.
    """
    if recognized:
        recognizes(hotline, who)
    hangs_up(person, hotline)
    saves(hotline, who, code, call_at)


def recognizes(hotline: Hotline, who: Staff, *, opens: bool = True) -> None:
    """Staff record how they recognized the person, and have the words before them.

    For a callback that opens no case they open it by its number, unless they do not.
    """
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        callback = session.get_one(Callback, tasks(hotline)[-1].id)
        recognize(session, callback.id, who.id, "agreed_word", now)
        if callback.case_id is not None:
            rules = heard_rules_of(hotline.office)
            look_at_words(session, callback.id, who.id, now, rules, hotline.policies)
            return
        if opens:
            opens_the_page(session, hotline, callback, who)


def opens_the_page(session: Session, hotline: Hotline, callback: Callback, who: Staff) -> None:
    """Staff open the page of the case of the person in this callback, by its number."""
    now, person = hotline.clock.now, Reader(who.id, who.email, who.role)
    for case_id in session.scalars(select(Case.id).where(Case.registrant_id == callback.registrant_id)).all():
        open_to(session, person, case_id, "verification", "last_call", now, hotline.policies)
        look_at(session, person, case_id, now, hotline.policies)


def views_the_words_at_0(hotline: Hotline, who: Staff) -> None:
    """Staff open the page of the talk with a caller at 0, and what may be said there."""
    now, rules = hotline.clock.now, heard_rules_of(hotline.office)
    with hotline.database.transaction() as session:
        led = session.scalars(select(Talk.id).order_by(Talk.id.desc()).limit(1)).one()
        talk = shown_talk(session, led, who.id, who.role, now, hotline.policies)
        assert talk is not None
        look_at_talk_words(session, talk, who.id, now, rules)


def reads_on_at_0(hotline: Hotline, who: Staff) -> bool:
    """The pane of the talk with a caller at 0 follows the feed; whether staff read that the words changed."""
    now, rules = hotline.clock.now, heard_rules_of(hotline.office)
    with hotline.database.transaction() as session:
        led = session.scalars(select(Talk.id).order_by(Talk.id.desc()).limit(1)).one()
        talk = shown_talk(session, led, who.id, who.role, now, hotline.policies)
        assert talk is not None
        view = view_in_talk(talk, who.id)
        shown = words_beside(session, view, now, rules)
        assert shown is not None
        if shown.is_new:
            log_view(session, view, shown.heard, now)
        return shown.changed_at is not None


def saves(hotline: Hotline, who: Staff, code: str, call_at: datetime | None = None) -> None:
    """Staff enter how their last talk went."""
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        note_outcome(session, talk, code, who.id, hotline.clock.now, hotline.policy, call_at=call_at)


def corrects(hotline: Hotline, who: Staff, code: str) -> None:
    """Staff correct the outcome of their last talk."""
    hotline.clock.passes(minutes=2)
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        word, _ = note_outcome(session, talk, code, who.id, hotline.clock.now, hotline.policy)
    assert word in ("noted", "no_phone")


def is_left_to_staff(phone: Phone, made: Registered, kind: str = "released") -> None:
    """There is news of this kind, and whoever answers says that they have no code."""
    made.is_dialed(kind)
    forgets_the_code(phone, made.hotline)


def is_reported_and_left_to_staff(
    phone: Phone, made: Registered, status: str, hours_ago: float = 1
) -> ImportResult:
    """A file reports this, and whoever answers says that they have no code."""
    imported = reports(made.hotline, status, made, hours_ago=hours_ago)
    calls_go_out(made.hotline)
    forgets_the_code(phone, made.hotline)
    return imported


def newer_news_is_left_to_staff(phone: Phone, made: Registered, status: str = "escaped") -> None:
    """The same ten minutes later, of what has just occurred."""
    made.hotline.clock.passes(minutes=10)
    is_reported_and_left_to_staff(phone, made, status, hours_ago=0.1)


def asks_for_person(phone: Phone, hotline: Hotline) -> Phone:
    """In the call about the news, which is due, the person asks to hear it from a person."""
    calls_go_out(hotline)
    called = picks_up(phone, hotline)
    for keys in ("1", CODE, "2"):
        called.presses(keys)
    return called


def talks_with_a_person(phone: Phone, hotline: Hotline) -> tuple[Phone, Phone]:
    """The person asks for a person, and talks with one; the phones of the liaison and the person."""
    asks_for_person(phone, hotline).hangs_up()
    sweeps(hotline)
    return talk_again(phone, hotline)


def talk_again(phone: Phone, hotline: Hotline) -> tuple[Phone, Phone]:
    """The liaison accepts the callback that rings, and the person says that it is a good time."""
    liaison, to_person = accepted_by(phone, hotline)
    return liaison, has_time(phone, hotline, to_person)
