"""Callbacks that continue a talk: which callback it all began with, for one of them and for many."""

from models.callbacks.callback import Callback
from models.callbacks.follow_up import began_with, whose_talks_began_with
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, MadeCase, make_call, make_callback, make_case
from tests.statements import sent_statements

TELLING = ("notice", "hard_news")


def talks(database: Database, *reasons: str) -> tuple[MadeCase, int]:
    """A case whose talks each follow the one before for the next of these reasons; returns the last one."""
    with database.transaction() as session:
        case, asked_in, last = make_case(session), None, 0
        for reason in reasons:
            is_over = reason != reasons[-1]
            leg = make_call(session, direction="outbound", phone="+12025550110").id if is_over else None
            last = make_callback(
                session, case, reason=reason, requested_in_call_id=asked_in, caller_call_id=leg,
                state="reached" if is_over else "requested", closed_at=NOW if is_over else None,
            ).id  # fmt: skip
            asked_in = leg
    return case, last


def people(database: Database) -> tuple[set[int | None], int]:
    """Of whose cases the talks go on that began with news, and how many statements that takes."""
    with database.transaction() as session:
        begun = whose_talks_began_with(TELLING, Callback.state == "requested")
        with sent_statements(database) as sent:
            found = {row.case_id for row in session.execute(begun)}
    return found, len(sent)


@ON_BOTH
def test_talks_that_tell_news_are_found_over_all_that_broke_off(database: Database) -> None:
    chains = (
        ("notice",),
        ("hard_news", "call_later"),
        ("notice", "dropped", "call_later", "to_supervisor"),
        ("asked", "dropped", "cut_off"),
        ("call_later",),
    )
    made = [(talks(database, *reasons), reasons[0] in TELLING) for reasons in chains]

    with database.transaction() as session:
        for (_case, last), tells in made:
            first = began_with(session, session.get_one(Callback, last))
            assert (first.reason in TELLING) is tells
    assert people(database) == ({case.id for (case, _), tells in made if tells}, 1)


def test_talks_that_follow_each_other_in_a_ring_are_no_endless_search(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
        legs = [make_call(session, direction="outbound").id for _ in range(2)]
        for before, leg in (legs, reversed(legs)):
            make_callback(
                session, case, reason="dropped", requested_in_call_id=before, caller_call_id=leg,
                state="requested" if leg == legs[0] else "reached",
            )  # fmt: skip

    assert people(database) == (set(), 1)
