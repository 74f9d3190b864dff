"""Neutral cases cannot be told apart: five visits through every verb, document for document (R13)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Staff, Subject
from models.cases.case import close_case
from tests.calls.conftest import Hotline
from tests.calls.stories import lost_pins_are_settled
from tests.calls.visits import SLIPS, VISITS, Visits, of_the_turn
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import MadeCase
from tests.phone import Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
KINDS = ("shielded", "no record", "closed", "denied", "stale", "held", "unmapped", "unconfirmed")


@pytest.fixture
def visits(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Visits:
    """A case of each kind, and a phone that is confirmed in it."""
    now = hotline.clock.now
    facts: dict[str, dict[str, Any]] = {
        "shielded": {"custody_status": "in_custody", "record": {"releasable": False}},
        "no record": {},
        "closed": {"custody_status": "in_custody"},
        "denied": {"custody_status": "released", "record": {"releasable": False}},
        "stale": {"custody_status": "in_custody", "as_of": now - timedelta(days=9)},
        "held": {"custody_status": "in_custody"},
        "unmapped": {"custody_status": "unknown"},
        # One member of staff has said who it is about, and no second one yet.
        "unconfirmed": {"custody_status": "in_custody", "named_by": make_staff(on_shift=False).id},
    }
    numbers = {kind: f"+120255501{20 + n}" for n, kind in enumerate(KINDS)}
    cases = {kind: make_case(phone=numbers[kind], **facts[kind]) for kind in KINDS}
    with hotline.database.transaction() as session:
        close_case(session, cases["closed"].number, now=now, actor="boss")
        subject_id = session.get_one(Case, cases["held"].id).subject_id
        session.execute(
            update(Subject).where(Subject.id == subject_id).values(held_import_id=held_import(session))
        )
    return Visits({kind: phone.another() for kind in KINDS}, cases, numbers)


def held_import(session: Any) -> int:
    """An import that waits for two people."""
    from tests.factories import make_import

    return int(make_import(session).id)


def rows_of(hotline: Hotline, case: MadeCase) -> list[tuple[Any, ...]]:
    """The fields of a case's callbacks, without ids."""
    found = hotline.rows(select(Callback).where(Callback.case_id == case.id).order_by(Callback.id))
    return [
        (one.state, one.urgency, one.reason, one.verified, one.due_at,
         one.next_attempt_at if one.closed_at is None else None, one.window_starts,
         one.may_answer, one.voicemail_text, one.when_dropped, one.outcome, one.caller_tries)
        for one in found
    ]  # fmt: skip


def are_called(hotline: Hotline, phone: Phone, visits: Visits) -> dict[str, list[str]]:
    """Between two visits a liaison serves every callback that is due; returns what each person hears."""
    heard: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for _ in range(4 * len(KINDS)):
        hotline.sweeps()
        hotline.jobs.works_off()
        if not hotline.carrier.ringing:
            if not hotline.rows(select(Callback.id).where(Callback.closed_at.is_(None))):
                break
            # The liaison is in wrap-up, or nobody is due.
            hotline.clock.passes(minutes=3)
            continue
        liaison = phone.answers(hotline.carrier.ringing[-1])
        liaison.presses("1")
        hotline.jobs.works_off()
        to_caller = hotline.carrier.ringing[-1]
        kind = next(kind for kind, number in visits.numbers.items() if number == to_caller.to)
        called = phone.answers(to_caller)
        called.presses("1")
        heard[kind].append(called.heard_so_far)
        called.hangs_up()
        liaison.hangs_up()
        hotline.clock.passes(minutes=3)
    return heard


@in_turn("interval", ["a liaison calls", "nobody calls"])
def test_all_neutral_cases_are_alike_through_every_verb_over_five_visits(
    phone: Phone, visits: Visits, make_staff: MakeStaff, hotline: Hotline, interval: str
) -> None:
    if interval == "a liaison calls":
        make_staff(on_shift=False)
    for words, keys in VISITS.items():
        all_are_alike(hotline, visits, words, keys)
        hotline.clock.passes(minutes=1)
        if interval == "a liaison calls":
            hotline.clock.passes(hours=2)
            with hotline.database.transaction() as session:
                session.execute(update(Staff).values(on_shift=True))
            heard = are_called(hotline, phone, visits)
            for kind in KINDS:
                assert heard[kind] == heard["denied"], kind
                assert [row[0] for row in rows_of(hotline, visits.cases[kind])] == [
                    row[0] for row in rows_of(hotline, visits.cases["denied"])
                ]
            with hotline.database.transaction() as session:
                session.execute(update(Staff).values(on_shift=False))
        hotline.clock.passes(days=1)
    if interval == "nobody calls":
        _every_verb_was_used(visits)


def _every_verb_was_used(visits: Visits) -> None:
    heard = " ".join(visits.documents["denied"])
    for words in (
        "cannot confirm", "We will call you no later than", "You already have a callback", "Got it.",
        "is canceled",
        "/voice/steps/new_pin_again/", "/voice/steps/ask_number_of_lost_pin/", "a más tardar",
    ):  # fmt: skip
        assert words in heard, words


def all_are_alike(hotline: Hotline, visits: Visits, words: str, keys: Sequence[str]) -> None:
    """Let every kind make a visit; documents, rows and the very statements are those of the denied one."""
    sent: dict[str, list[list[str]]] = {kind: [] for kind in KINDS}

    def after_turn(kind: str) -> None:
        sent[kind].append(of_the_turn(statements))

    with sent_statements(hotline.database) as statements:
        visits.visit(keys, after_turn)
    for kind in KINDS:
        assert visits.documents[kind] == visits.documents["denied"], f"{kind}: {words}"
        assert rows_of(hotline, visits.cases[kind]) == rows_of(hotline, visits.cases["denied"]), kind
        assert sent[kind] == sent["denied"], f"statements of {kind}: {words}"


@ON_SQLITE
def test_all_neutral_cases_are_alike_through_wrong_pins_slips_and_silence(
    visits: Visits, hotline: Hotline
) -> None:
    for words, keys in SLIPS.items():
        all_are_alike(hotline, visits, words, keys)
        lost_pins_are_settled(hotline)
        hotline.clock.passes(days=1)

    heard = " ".join(visits.documents["denied"])
    for words in (
        "did not work",
        "We will look into it",
        "easy to guess",
        "did not match",
        "Got it.",
        "case number again",
    ):
        assert words in heard, words


@ON_SQLITE
def test_case_that_is_closed_between_two_visits_stays_alike(visits: Visits, hotline: Hotline) -> None:
    keys = list(VISITS.values())
    two = {kind: visits.phones[kind] for kind in ("no record", "denied")}
    visits = Visits(two, visits.cases, visits.numbers)
    visits.visit(keys[0])
    with hotline.database.transaction() as session:
        close_case(session, visits.cases["no record"].number, now=hotline.clock.now, actor="boss")
    hotline.clock.passes(hours=3)

    visits.visit(keys[1])
    visits.visit(keys[2])

    assert visits.documents["no record"] == visits.documents["denied"]
    assert rows_of(hotline, visits.cases["no record"]) == rows_of(hotline, visits.cases["denied"])
