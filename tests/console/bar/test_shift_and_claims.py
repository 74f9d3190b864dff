"""What the bar says between calls: the shift, the phone that will ring, and work that is claimed or waits."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from config.office import Office as Settings
from models.overview import untaken
from models.staff.rest import begin_rest
from models.staff.set_away import note_miss
from models.staff.wrap_up import begin_wrap_up
from models.store.database import Database
from tests.console.bar.bars import ELSEWHERE, bar_of, becomes, leads, news_of
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member, words
from tests.console.shell.test_every_route import routes
from workers.office_rules import policies_of

SET_AWAY = "You are set away. You missed 2 offers in a row, so your shift has ended."


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
        (
            {"shift_changed_at": -2},
            "Off shift since 8:00 AM: the line does not call you",
            ["Start shift"],
        ),
        (
            {"role": "supervisor", "shift_changed_at": -24},
            "Off shift since Nov 24, 2026, 10:00 AM: the line calls you only for urgent callbacks",
            ["Start shift"],
        ),
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
    assert liaison.reads("Off shift since 10:00 AM: the line does not call you")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (30, "Your wrap-up ends in 30 seconds."),
        (119, "Your wrap-up ends in 119 seconds."),
        (600, "Your wrap-up ends in 10 minutes."),
    ],
)
def test_length_of_a_wrap_up_is_announced(
    liaison: Member, database: Database, clock: Clock, seconds: int, said: str
) -> None:
    with database.transaction() as session:
        begin_wrap_up(session, liaison.staff_id, clock(), seconds)

    assert list(news_of(liaison).values())[-1] == said


def test_bar_of_a_liaison_off_shift_does_not_say_beside_their_ring_that_the_line_does_not_call(
    staff: Any, office_rows: Office
) -> None:
    """ "Off shift: the line does not call you" stood beside "Your phone rings" after *Call now*."""
    ana = staff(on_shift=False).signs_in()
    callback_id = office_rows.promises()
    assert "Off shift: the line does not call you" in bar_of(ana)

    office_rows.becomes(callback_id, state="ringing_liaison", staff_id=ana.staff_id, rank=None)

    assert "Off shift Start shift" in bar_of(ana)
    assert "does not call" not in bar_of(ana)
    assert "Your phone rings:" in bar_of(ana)


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


def test_bar_counts_of_what_is_overdue_only_what_is_unclaimed_and_all_of_that(
    staff: Any, office_rows: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said "4 overdue" of others than the filter of the list, and of a full list never more than 50."""
    monkeypatch.setattr(untaken, "MOST_NAMED", 2)
    ana, luis = staff(on_shift=True).signs_in(), staff(name="Luis Demo", on_shift=True)
    late = clock() - timedelta(minutes=1)
    for _ in range(3):
        office_rows.promises(rank=1, due_at=late)
    # Nobody may call this one now.
    office_rows.promises(rank=None, due_at=late, next_attempt_at=clock() + timedelta(hours=3))
    for owner in (ana, luis):
        office_rows.promises(
            due_at=late, state="claimed", staff_id=owner.staff_id, claimed_at=clock(), rank=None
        )

    assert "3 to claim now (3 overdue)" in bar_of(ana)
    assert ana.opens("/console/callbacks").reads("Overdue 6")


def test_urgent_and_overdue_work_that_nobody_has_is_told_once_by_each_token(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, kim = staff(on_shift=True).signs_in(), staff("administrator").signs_in()
    urgent = office_rows.promises(urgency="urgent", due_at=clock() + timedelta(minutes=50))
    late = office_rows.promises(rank=1, due_at=clock() - timedelta(minutes=1))

    assert "2 to claim now (1 overdue)" in bar_of(ana)
    page = ana.opens(ELSEWHERE).page
    assert page.xpath("//*[@data-count]/@data-count") == ["2"]
    told = {one.get("data-tokens"): one for one in page.xpath("//ul[@id='bar-news']/li[@data-alerts]")}
    assert set(told) == {f"urgent:{urgent} urgent:{late}", f"overdue:{late}"}
    # An administrator who is not on shift reads it, and no sound is for them.
    assert kim.opens(ELSEWHERE).page.xpath("//ul[@id='bar-news']/li[@data-alerts]") == []
