"""The call bar on every page: shift, phone, the current call, and clicks that stay on the page."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from config.office import Office as Settings
from hotline.console.bar.call_actions import CALL_ACTIONS
from models import Call, Staff, Talk
from models.staff.rest import begin_rest
from models.staff.set_away import note_miss
from models.staff.wrap_up import begin_wrap_up
from models.store.database import Database
from models.talks.talk import begin_talk
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member, words
from tests.console.shell.test_every_route import routes
from tests.factories import make_call
from workers.office_rules import policies_of

SET_AWAY = "You are set away. You missed 2 offers in a row, so your shift has ended."
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


def talks_at_0(office_rows: Office, leader: Member, language: str = "en") -> Talk:
    """This member of staff has just taken a caller at 0."""
    with office_rows.database.transaction() as session:
        caller = make_call(session, language=language)
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


def test_liaison_who_was_set_away_reads_it_on_every_page_and_is_back_by_one_click(
    app: Flask, staff: Any, database: Database, office: Settings, clock: Clock
) -> None:
    ana = staff("supervisor", on_shift=True).signs_in()
    with database.transaction() as session:
        missed = [note_miss(session, ana.staff_id, clock(), policies_of(office)) for _ in range(2)]
        assert missed == [False, True]
    pages = [
        path
        for method, path, view in routes(app)
        if method == "GET" and view.guard == "staff" and not view.live and "supervisor" in view.roles
    ]
    assert len(pages) > 40
    for path in pages:
        answer = ana.opens(path)
        if answer.headers["Content-Type"].startswith("text/html"):
            assert answer.words.count(SET_AWAY) == 1, path
    assert SET_AWAY in news_of(ana).values()

    ana.opens(ELSEWHERE).clicks("Start shift")

    assert ana.path == ELSEWHERE
    assert ana.reads("On shift since")
    assert not ana.reads("You are set away.")


@pytest.mark.parametrize(
    ("facts", "sentence", "buttons"),
    [
        ({}, "Off shift: the line does not call you", ["Start shift"]),
        ({"role": "supervisor"}, "Off shift: the line calls you only for urgent callbacks", ["Start shift"]),
        ({"on_call": True}, "On call", ["Start shift"]),
        ({"on_shift": True}, "On shift", ["End shift"]),
        ({"on_shift": True, "shift_changed_at": -2}, "On shift since 8:00 AM", ["End shift"]),
        ({"on_shift": True, "shift_changed_at": -24}, "On shift since Nov 24, 2026, 10:00 AM", ["End shift"]),
        ({"on_shift": True, "resting_until": 1}, "On a break until 11:00 AM", ["End break", "End shift"]),
        ({"resting_until": 1}, "Off shift, on a break until 11:00 AM", ["End break", "Start shift"]),
        (
            {"on_shift": True, "wrap_up_until": 1},
            "Wrap-up until 11:00:00 AM",
            ["Add time", "End wrap-up", "End shift"],
        ),
        (
            {"on_shift": True, "wrap_up_until": 1, "wrap_up_extended": 2},
            "Wrap-up until 11:00:00 AM",
            ["End wrap-up", "End shift"],
        ),
    ],
)
def test_bar_says_the_state_of_the_shift_and_what_may_be_clicked(
    liaison: Member,
    database: Database,
    clock: Clock,
    facts: dict[str, Any],
    sentence: str,
    buttons: list[str],
) -> None:
    moments = {"shift_changed_at", "resting_until", "wrap_up_until"}
    asked = {name: clock() + timedelta(hours=one) if name in moments else one for name, one in facts.items()}
    becomes(database, liaison, **{"shift_changed_at": None, **asked})

    page = liaison.opens(ELSEWHERE).page

    assert words(page.get_element_by_id("bar-state")) == sentence
    assert [words(one) for one in page.xpath("//*[@id='bar-shift']//button")] == buttons


def test_phone_that_will_ring_is_named_by_its_last_two_digits(liaison: Member, database: Database) -> None:
    assert "Office phone …71" in bar_of(liaison)
    assert "5550171" not in liaison.text

    becomes(database, liaison, office_phone=False)

    assert "Personal phone …71" in bar_of(liaison)


def test_shift_break_and_wrap_up_are_changed_without_leaving_the_page(
    liaison: Member, database: Database, office: Settings, clock: Clock
) -> None:
    liaison.opens(ELSEWHERE).clicks("Start shift")
    assert (liaison.path, "On shift since 10:00 AM" in liaison.words) == (ELSEWHERE, True)
    with database.transaction() as session:
        begin_rest(session, liaison.staff_id, clock(), policies_of(office))
    liaison.opens(ELSEWHERE).clicks("End break")
    assert liaison.reads("On shift since")
    with database.transaction() as session:
        begin_wrap_up(session, liaison.staff_id, clock(), 60)
    liaison.opens(ELSEWHERE).clicks("End wrap-up")
    assert (liaison.path, "On shift since" in liaison.words) == (ELSEWHERE, True)
    liaison.clicks("End shift")
    assert liaison.reads("Off shift: the line does not call you")


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
    resting, away, busy = (
        staff(name=f"{one} Demo", on_shift=one != "Away") for one in ("Rest", "Away", "Busy")
    )
    becomes(database, resting, resting_until=clock())
    callback_id = leads(office_rows, ana)
    with database.transaction() as session:
        leg = make_call(session, role="liaison", staff_id=busy.staff_id).id
    becomes(database, busy, busy_call_id=leg)

    menu = ana.opens(ELSEWHERE).page.get_element_by_id("bar-add-menu")
    assert [words(one) for one in menu.xpath(".//li")] == [
        "Bea Demo free, English",
        "Luis Demo free, English",
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


def test_claim_is_shown_with_its_end_and_announced_in_its_last_minute(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana = staff(on_shift=True).signs_in()
    callback_id = office_rows.promises(
        state="claimed", staff_id=ana.staff_id, claimed_at=clock(), rank=None, language="es",
        lease_until=clock() + timedelta(minutes=10),
    )  # fmt: skip
    assert "Claimed until 10:10 AM: Callback, Spanish" in bar_of(ana)
    clock.goes_on(minutes=9, seconds=1)

    assert "Claim ends in 1 min: Callback, Spanish" in bar_of(ana)
    assert news_of(ana)[f"claim:{callback_id}"] == "Your claim ends in 1 min."


def test_colleague_who_is_handed_a_callback_is_told_on_every_page_also_in_a_call(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = (staff(name=name, on_shift=True).signs_in() for name in ("Ana Demo", "Luis Demo"))
    talking = leads(office_rows, luis)
    handed = office_rows.promises(urgency="urgent", due_at=clock() + timedelta(minutes=50))
    ana.opens(f"/console/callbacks/{handed}").fills(to=str(luis.staff_id)).clicks("Hand to colleague")

    shown = bar_of(luis)
    assert "In a call" in shown
    assert "Handed to you until 10:05 AM: Callback, English, urgent" in shown
    assert luis.page.get_element_by_id("bar-claim-what").get("href") == f"/console/callbacks/{handed}"
    assert luis.page.xpath("//*[@data-count]/@data-count") == ["1"]
    (news,) = luis.page.xpath("//ul[@id='bar-news']/li[@data-alerts][@data-tokens!='']")
    assert news.get("data-says") == "A colleague handed this to you: Callback, English, urgent."
    assert news.get("data-tokens").startswith(f"handed:{handed}:")
    assert not any("handed" in one for one in news_of(ana).values())

    # He begins it and misses his own phone: nobody has handed it to him again.
    office_rows.becomes(talking, state="reached", closed_at=clock(), outcome="reached")
    token = news.get("data-tokens")
    office_rows.becomes(handed, state="ringing_liaison")
    (kept,) = luis.opens(ELSEWHERE).page.xpath(f"//ul[@id='bar-news']/li[@data-kept='{token}']")
    assert kept.get("data-tokens") == ""


def test_own_claim_is_no_news(staff: Any, office_rows: Office) -> None:
    ana = staff(on_shift=True).signs_in()
    ana.opens(f"/console/callbacks/{office_rows.promises()}").clicks("Claim")

    assert "Claimed until 10:15 AM: Callback, English" in bar_of(ana)
    assert list(news_of(ana)) == ["shift:on_shift"]


def test_urgent_and_overdue_work_that_nobody_has_is_told_once_by_each_token(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, kim = staff(on_shift=True).signs_in(), staff("administrator").signs_in()
    urgent = office_rows.promises(urgency="urgent", due_at=clock() + timedelta(minutes=50))
    late = office_rows.promises(rank=1, due_at=clock() - timedelta(minutes=1))

    assert "2 urgent unclaimed · 1 overdue" in bar_of(ana)
    page = ana.opens(ELSEWHERE).page
    assert page.xpath("//*[@data-count]/@data-count") == ["2"]
    told = {one.get("data-tokens"): one for one in page.xpath("//ul[@id='bar-news']/li[@data-alerts]")}
    assert set(told) == {f"urgent:{urgent} urgent:{late}", f"overdue:{late}"}
    # An administrator who is not on shift reads it, and no sound is for them.
    assert kim.opens(ELSEWHERE).page.xpath("//ul[@id='bar-news']/li[@data-alerts]") == []


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
