"""Walks through a callback once and takes it all back, so that forked jobs find their statements ready.

Each job runs in a process of its own, and would else put every statement into words anew: half of its time.
"""

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.office import Office
from models import pacing
from models.call import CALLS
from models.call_event import record_call_sid
from models.callback import Callback
from models.callback_policy import CallbackPolicy
from models.database import Database, keyring_of
from models.dispatch import ring_caller, ring_first, take_caller_slot, take_turn
from models.leg import make_caller_leg
from models.liaison import Pool, choose_liaison, free_liaison
from models.line_wait import kept_for_line
from models.safe_phone import standing_of
from models.staff import Staff
from models.two_lists import Owed

log = logging.getLogger(__name__)


class _TakenBackError(Exception):
    """Ends the transaction of a rehearsal, of which nothing stays."""


def rehearse(database: Database, office: Office) -> None:
    """Let the engine learn the statements of the jobs; keeps no row and no connection. Never raises."""
    try:
        with database.transaction() as session:
            _walk(session, office, datetime.now(UTC))
            _take_back()
    except _TakenBackError:
        log.debug("The statements of the jobs are ready.")
    except (SQLAlchemyError, OSError) as fault:
        # A database that is not there yet costs the first jobs some milliseconds, and nothing else.
        log.warning("The jobs could not be rehearsed (%s).", type(fault).__name__)
    finally:
        # No connection may be shared across a fork.
        database.engine.dispose()


def _take_back() -> None:
    raise _TakenBackError


def _walk(session: Session, office: Office, now: datetime) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # It takes in one transaction what a job takes in several: it must stand back, and not a live job.
        session.execute(text("SET LOCAL lock_timeout = '200ms'"))
    policy, keyring = CallbackPolicy.of(office), keyring_of(session)
    number = office.person_number
    person = Staff(
        email="rehearsal", name_sealed="", role="supervisor", phone_key="rehearsal", password_hash="",
        phone_sealed=keyring.seal("staff.phone", number), languages=office.languages[0], on_shift=True,
        created_at=now,
    )  # fmt: skip
    callback = Callback(
        urgency="urgent", reason="asked", verified=True, language=office.languages[0],
        time_zone=office.time_zone, number_sealed=keyring.seal("callback.number", number),
        number_key="rehearsal", requested_at=now, due_at=now - timedelta(days=9), next_attempt_at=now,
    )  # fmt: skip
    session.add_all((person, callback))
    session.flush()
    # A minute ahead of the pace, which others have taken slots of.
    then = now + timedelta(minutes=2)
    _, dial = take_turn(session, callback.id, then, policy)
    dial = dial or ring_first(session, then, policy)
    if dial is None:
        return
    for pool in Pool:
        for is_open in (True, False):
            choose_liaison(session, callback.language, now, verified=True, pool=pool, is_open=is_open)
    # A callback of a case asks for its phone's standing, and one that is not late yet for those in line.
    standing_of(session, 0, "rehearsal")
    # Twice: a condition that is made once for all statements has its final key after the first one.
    for _ in range(2):
        kept_for_line(session, now, verified=True, due_at=then, owed=Owed.UNVERIFIED)
    record_call_sid(session, dial.call_id, "rehearsal", then, office)
    row = session.scalars(select(Callback).where(Callback.liaison_call_id == dial.call_id)).one()
    leg = make_caller_leg(session, row, then)
    row.state, row.caller_call_id = "ringing_caller", leg.id
    session.flush()
    take_caller_slot(session, row.id, then, policy)
    ring_caller(session, row.id, then, policy)
    session.execute(select(CALLS).where(CALLS.c.id == dial.call_id)).first()
    free_liaison(session, dial.call_id, then)
    pacing.rest(session, then)
