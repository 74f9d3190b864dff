"""The current call in the bar of every page, and clicks that stay on the page."""

from datetime import timedelta
from typing import Any

import pytest

from hotline.console.bar.call_actions import CALL_ACTIONS
from models import Call, Talk
from models.staff.wrap_up import begin_wrap_up
from models.store.database import Database
from models.talks.talk import begin_talk
from tests.call_center import WaitingJobs
from tests.console.bar.bars import ELSEWHERE, bar_of, becomes, joins, leads, news_of, talks_at_0
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member, words
from tests.factories import make_call


def test_every_page_leads_to_the_talk_whose_outcome_is_not_saved_long_after_the_wrap_up(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana = staff(on_shift=True).signs_in()
    callback_id = leads(office_rows, ana)
    office_rows.becomes(callback_id, state="reached", closed_at=clock(), outcome="reached")

    # A stranger answered, and she was called away. It counts as reached; only she knows that it is not.
    clock.goes_on(minutes=14)
    assert ana.opens(ELSEWHERE).links["Save the outcome of the call"] == f"/console/callbacks/{callback_id}"
    ana.opens(f"/console/callbacks/{callback_id}").fills(outcome="wrong_person").clicks("Save outcome")
    assert "Save the outcome of the call" not in ana.opens(ELSEWHERE).links


def test_outcome_of_a_call_is_asked_for_beside_a_claim_and_during_the_next_call(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana = staff(on_shift=True).signs_in()
    first = leads(office_rows, ana)
    office_rows.becomes(first, state="reached", closed_at=clock(), outcome="reached")
    ana.opens(f"/console/callbacks/{office_rows.promises()}").clicks("Claim")
    assert "Claimed until" in bar_of(ana)
    assert ana.links["Save the outcome of the call"] == f"/console/callbacks/{first}"

    clock.goes_on(minutes=2)
    second = leads(office_rows, ana)
    assert "In a call" in bar_of(ana)
    assert ana.links["Save the outcome of the call before this one"] == f"/console/callbacks/{first}"

    # The second talk is over as well: the bar leads to it, and says that the first still waits.
    office_rows.becomes(second, state="reached", closed_at=clock(), outcome="reached")
    assert "Save the outcome of the call and one more" in bar_of(ana)
    assert ana.links["Save the outcome of the call"] == f"/console/callbacks/{second}"
    assert ana.links["and one more"] == "/console/shift"
    ana.opens(f"/console/callbacks/{second}").fills(outcome="reached").clicks("Save outcome")

    assert ana.opens(ELSEWHERE).links["Save the outcome of the call"] == f"/console/callbacks/{first}"
    assert not ana.reads("and one more")


def test_outcome_that_may_no_longer_be_saved_is_not_asked_for(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana = staff(on_shift=True).signs_in()
    office_rows.becomes(leads(office_rows, ana), state="reached", closed_at=clock(), outcome="reached")
    clock.goes_on(minutes=15)
    assert "Save the outcome of the call" not in ana.opens(ELSEWHERE).links


def test_talk_handed_over_and_ended_leads_to_its_outcome_while_the_phone_still_asks_for_it(
    staff: Any, database: Database, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = leads(office_rows, ana)
    # Luis came as a colleague, Ana handed him the talk, and he ended it. His leg asks him how it ended.
    joins(office_rows, callback_id, "colleague", luis.staff_id, accepted_at=clock(), place="outcome")
    ended: dict[str, Any] = {"staff_id": luis.staff_id, "closed_at": clock()}
    office_rows.becomes(callback_id, state="reached", outcome="reached", **ended)
    with database.transaction() as session:
        session.query(Talk).update(ended)
        begin_wrap_up(session, luis.staff_id, clock(), 60)

    assert "In a call" not in bar_of(luis)
    assert luis.links["Save the outcome of the call"] == f"/console/callbacks/{callback_id}"


@pytest.mark.parametrize(
    ("state", "sentence", "said"),
    [
        ("ringing_liaison", "Your phone rings:", "Your phone rings: Callback, Spanish, urgent."),
        (
            "ringing_caller",
            "Stay on your phone: the line calls the person.",
            "You accepted. Stay on your phone: the line calls the person.",
        ),
    ],
)
def test_call_that_rings_is_on_every_page_with_what_it_is_for(
    liaison: Member, office_rows: Office, state: str, sentence: str, said: str
) -> None:
    callback_id = office_rows.promises(
        state=state, staff_id=liaison.staff_id, language="es", urgency="urgent", rank=None
    )

    assert f"{sentence} Callback, Spanish, urgent" in bar_of(liaison)
    assert liaison.links["Callback, Spanish, urgent"] == f"/console/callbacks/{callback_id}"
    assert said in news_of(liaison).values()
    assert "End call" not in liaison.buttons


def test_caller_at_0_rings_with_their_language_before_anybody_has_accepted(
    liaison: Member, office_rows: Office
) -> None:
    with office_rows.database.transaction() as session:
        caller = make_call(session, language="es")
        make_call(
            session, role="liaison_at_0", direction="outbound", staff_id=liaison.staff_id,
            parent_call_id=caller.id, language="en",
        )  # fmt: skip

    assert "Your phone rings: Caller at 0, Spanish" in bar_of(liaison)
    assert "Your phone rings: Caller at 0, Spanish." in news_of(liaison).values()


def test_call_is_held_and_ended_from_any_page(
    liaison: Member, office_rows: Office, clock: Clock, jobs: WaitingJobs
) -> None:
    callback_id = leads(office_rows, liaison)
    clock.goes_on(seconds=125)

    page = liaison.opens(ELSEWHERE)
    timer = page.page.get_element_by_id("bar-timer")
    assert (words(timer), timer.get("data-seconds")) == ("since 10:00 AM", "125")
    liaison.clicks("Hold")
    assert liaison.path == ELSEWHERE
    assert "On hold" in words(liaison.page.get_element_by_id("bar"))
    assert "The person is on hold." in news_of(liaison).values()
    clock.goes_on(seconds=30)
    # How long the person has been on hold: after three minutes the line ends it.
    timer = liaison.opens(ELSEWHERE).page.get_element_by_id("bar-timer")
    assert (words(timer), timer.get("data-seconds")) == ("since 10:02 AM", "30")
    liaison.clicks("Resume")
    assert "In a call" in words(liaison.page.get_element_by_id("bar"))
    assert liaison.page.get_element_by_id("bar-timer").get("data-seconds") == "155"
    liaison.clicks("End call")

    assert liaison.path == ELSEWHERE
    assert office_rows.row(callback_id).state == "reached"
    assert "Callback, Spanish" not in bar_of(liaison)


def test_old_page_that_ends_the_call_before_says_that_the_next_person_is_still_on_the_line(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    first = leads(office_rows, liaison)
    old = liaison.new_tab(ELSEWHERE)
    office_rows.becomes(first, state="reached", outcome="reached", closed_at=clock())
    second = leads(office_rows, liaison)

    old.clicks("End call")

    assert old.reads("That call was over already. You are now in another call, which goes on.")
    assert not old.reads("The call is ended.")
    assert office_rows.row(second).state == "talking"
    # The page shows the current call now, and ends that one; pressed twice, it is ended all the same.
    again = old.new_tab(ELSEWHERE)
    assert old.clicks("End call").reads("The call is ended.")
    assert again.clicks("End call").reads("The call is ended.")
    assert office_rows.row(second).state == "reached"


def test_call_with_a_caller_at_0_has_the_same_controls(liaison: Member, office_rows: Office) -> None:
    talk = talks_at_0(office_rows, liaison)

    assert "In a call since 10:00 AM Caller at 0, English" in bar_of(liaison)
    assert liaison.links["Caller at 0, English"] == f"/console/talks/{talk.id}"
    liaison.clicks("End call")

    with office_rows.database.reading() as session:
        assert session.get_one(Talk, talk.id).is_over


def test_bar_adds_a_letter_to_a_first_name_that_two_colleagues_share(staff: Any, office_rows: Office) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True)
    staff(name="Luis Perez")
    callback_id = leads(office_rows, ana)

    joins(office_rows, callback_id, "colleague", luis.staff_id)

    assert "Luis D. (phone rings)" in bar_of(ana)
    assert news_of(ana)[f"rings:{luis.staff_id}"] == "The phone of Luis D. rings."


def test_bar_names_the_colleague_and_the_interpreter_and_offers_what_is_left(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = leads(office_rows, ana)
    assert "Add colleague" in bar_of(ana)

    joins(office_rows, callback_id, "colleague", luis.staff_id)
    joins(office_rows, callback_id, "interpreter", None, accepted_at=clock())
    assert "Luis (phone rings)" in bar_of(ana)
    assert "interpreter is joining" in bar_of(ana)
    assert not {"Luis Demo", "Transfer"} & set(ana.buttons)
    assert "Add colleague" not in ana.words
    assert "a colleague asks you into the call" in bar_of(luis)

    with office_rows.database.transaction() as session:
        talk = session.query(Talk).one()
        for leg in session.query(Call).filter(Call.role.in_(["colleague", "interpreter"])):
            leg.accepted_at, leg.place = clock(), "in_talk"
        talk.announced_at = clock() + timedelta(seconds=1)
    assert "with Luis with interpreter" in bar_of(ana)
    assert "Transfer" in ana.buttons
    assert news_of(ana)[f"joined:{luis.staff_id}"] == "Luis joined the call."
    assert news_of(ana)["joined:interpreter"] == "The interpreter joined the call."
    # Only the leader has the controls.
    assert "Ana leads the call" in bar_of(luis)
    assert "End call" not in luis.buttons


def test_colleague_who_did_not_answer_is_named_and_the_menu_is_there_again(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True)
    callback_id = leads(office_rows, ana)

    joins(office_rows, callback_id, "colleague", luis.staff_id, ended_at=clock())

    assert "Luis did not answer" in bar_of(ana)
    assert news_of(ana)[f"missed:{luis.staff_id}"] == "Luis did not answer."
    assert "Luis Demo" in ana.buttons


def test_menu_of_colleagues_says_who_can_come_and_calls_the_one_who_is_chosen(
    staff: Any, office_rows: Office, database: Database, clock: Clock, jobs: WaitingJobs
) -> None:
    ana = staff(name="Ana Demo", on_shift=True).signs_in()
    _first, luis = staff(name="Bea Demo", on_shift=True), staff(name="Luis Demo", on_shift=True)
    resting, away, busy, rung = (
        staff(name=f"{one} Demo", on_shift=one != "Away") for one in ("Rest", "Away", "Busy", "Rung")
    )
    becomes(database, resting, resting_until=clock())
    callback_id = leads(office_rows, ana)
    with database.transaction() as session:
        leg = make_call(session, role="liaison", direction="outbound", accepted_at=clock()).id
        rings = make_call(session, role="liaison", direction="outbound").id
    becomes(database, busy, busy_call_id=leg)
    becomes(database, rung, busy_call_id=rings)

    menu = ana.opens(ELSEWHERE).page.get_element_by_id("bar-add-menu")
    assert [words(one) for one in menu.xpath(".//li")] == [
        "Bea Demo free, English",
        "Luis Demo free, English",
        "Rung Demo phone rings, English",
        "Busy Demo in a call, English",
        "Rest Demo on a break, English",
        "Away Demo off shift, English",
    ]
    assert [words(one) for one in menu.xpath(".//button")] == ["Bea Demo", "Luis Demo"]
    ana.clicks("Luis Demo")

    assert ana.reads("Luis (phone rings)")
    with database.reading() as session:
        (leg,) = session.query(Call).filter_by(callback_id=callback_id, role="colleague")
        assert (leg.staff_id, jobs.waiting) == (luis.staff_id, [("ring_joiner", leg.id)])
    assert away.staff_id


def test_colleague_who_is_taken_meanwhile_is_named_and_nobody_else_is_called(
    staff: Any, office_rows: Office, database: Database, jobs: WaitingJobs
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    luis, _free = staff(name="Luis Demo", on_shift=True), staff(name="Bea Demo", on_shift=True)
    leads(office_rows, ana)
    ana.opens(ELSEWHERE)
    becomes(database, luis, on_shift=False)

    ana.clicks("Luis Demo")

    assert ana.reads("Luis Demo is not free, or a colleague is already being called.")
    assert jobs.waiting == []


def test_refused_click_says_why_in_the_bar_and_changes_nothing(
    staff: Any, office_rows: Office, jobs: WaitingJobs
) -> None:
    ana, _luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo")
    callback_id = leads(office_rows, ana)
    sent = {"csrf_token": ana.opens(ELSEWHERE).token, "callback": callback_id, "does": "colleague"}

    ana.sends("/console/bar", sent, HX_Request="true")

    assert "No other colleague is free" in words(ana.page)
    assert jobs.waiting == []


def test_nobody_acts_on_the_call_of_a_colleague(staff: Any, office_rows: Office) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id, talk = leads(office_rows, ana), talks_at_0(office_rows, ana)

    for target in (
        {"callback": callback_id},
        {"talk": talk.id},
        {"callback": 999_999},
        {"talk": 999_999},
        {},
    ):
        for does in CALL_ACTIONS:
            sent = {"csrf_token": luis.opens(ELSEWHERE).token, "does": does, **target}
            luis.sends("/console/bar", sent, HX_Request="true")
            assert luis.status == 200
            assert luis.page.xpath("//p[@id='bar-problem']")

    assert office_rows.row(callback_id).state == "talking"
    with office_rows.database.reading() as session:
        assert {(one.is_over, one.held_at) for one in session.query(Talk)} == {(False, None)}
        assert session.query(Call).filter(Call.role.in_(["colleague", "interpreter"])).all() == []


def test_unchanged_bar_costs_a_few_bytes_and_each_change_is_another_bar(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana = staff(on_shift=True).signs_in()

    def asks(tag: str = "") -> tuple[int, str]:
        ana.opens("/console/bar", If_None_Match=tag) if tag else ana.opens("/console/bar")
        return ana.status, str(ana.headers["ETag"])

    _, tag = asks()
    assert asks(tag) == (304, tag)
    office_rows.promises(rank=1, due_at=clock() + timedelta(minutes=20))
    assert asks(tag) == (304, tag)
    # In a quarter of an hour it is promised: nothing was written, and the bar is another one.
    clock.goes_on(minutes=6)
    status, urgent = asks(tag)
    assert (status, urgent == tag) == (200, False)
    clock.goes_on(minutes=15)
    assert asks(urgent)[0] == 200


def test_no_name_of_a_victim_and_no_number_is_in_the_bar(staff: Any, office_rows: Office) -> None:
    ana = staff(on_shift=True).signs_in()
    callback_id = leads(office_rows, ana)

    ana.opens("/console/bar")

    assert "0110" not in ana.text
    assert "Invented" not in ana.text
    assert f"callback-{callback_id}" in ana.text


def test_click_that_the_bar_does_not_have_is_no_page(liaison: Member) -> None:
    token = liaison.opens(ELSEWHERE).token

    for does in ("", "finish", "none"):
        assert liaison.sends("/console/bar", {"csrf_token": token, "does": does}).status == 404


DISCREET = "discreet line, do not name the office"
SILENT = "cannot talk"


@pytest.mark.parametrize("of", [None, "callback", "talk", "another's talk"])
def test_bar_on_every_page_says_how_to_speak_from_the_ring_on(
    staff: Any, office_rows: Office, of: str | None
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    how = {"line": "+12025550101", "silent": True}
    with office_rows.database.transaction() as session:
        caller_id = make_call(session, language="es", **how).id
    if of == "callback":
        facts: dict[str, Any] = {"state": "ringing_liaison", "staff_id": ana.staff_id, "rank": None}
        office_rows.promises(case=False, requested_in_call_id=caller_id, silent=True, language="es", **facts)
    else:
        leader = luis if of == "another's talk" else ana
        with office_rows.database.transaction() as session:
            leg = make_call(session, role="liaison_at_0", staff_id=leader.staff_id, parent_call_id=caller_id)
            if of is not None:
                leg.accepted_at = now = office_rows.clock()
                begin_talk(
                    session, caller_call_id=caller_id, leader_call_id=leg.id, staff_id=leader.staff_id,
                    language="es", now=now,
                )  # fmt: skip
            if leader is luis:
                make_call(session, role="colleague", staff_id=ana.staff_id, parent_call_id=caller_id)

    what = f"{'Callback' if of == 'callback' else 'Caller at 0'}, Spanish, {DISCREET}, {SILENT}"
    assert what in bar_of(ana)
    told = " ".join(news_of(ana).values())
    assert (what in told) is (of != "another's talk")
    # Also where another callback is open on the desk.
    assert what in bar_of(ana, f"/console/callbacks/{office_rows.promises()}")
    if of is None:
        ana.opens(ELSEWHERE).clicks(what)
        assert ana.reads("How to talk", "Discreet line: do not name the office.")


def test_bar_says_nothing_of_how_to_speak_on_a_line_that_names_the_office(
    staff: Any, office_rows: Office
) -> None:
    ana = staff().signs_in()
    talks_at_0(office_rows, ana)

    assert not {DISCREET, SILENT} & set(bar_of(ana).split(", "))
