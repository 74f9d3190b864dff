"""Conferences and participants through Twilio's own client."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.exchange.small_exchange import CALLER, LIAISON, LINE, Exchange, place
from tests.exchange.small_line import PUBLIC_URL


@pytest.fixture
def two(exchange: Exchange) -> list[str]:
    """The call sids of a liaison (whose leaving ends it) and a caller in the conference "conference"."""
    liaison, caller = place(exchange).sid, place(exchange, url=f"{PUBLIC_URL}/voice/inbound", to=CALLER).sid
    for sid, key in ((liaison, "1"), (caller, "3")):
        exchange.act(sid, "answer")
        exchange.act(sid, "keys", keys=key)
    return [liaison, caller]


def heard(exchange: Exchange, sid: str) -> list[str]:
    return [passage["text"] for passage in exchange.board.find(sid).passages()]


def conference(exchange: Exchange) -> Any:
    (found,) = exchange.twilio.conferences.list(friendly_name="conference")
    return found


def test_conference_is_found_by_name_and_status(exchange: Exchange, two: list[str]) -> None:
    found = conference(exchange)

    assert found.status == "in-progress"
    assert [one.sid for one in exchange.twilio.conferences.list(status="in-progress")] == [found.sid]
    assert exchange.twilio.conferences.list(status="completed") == []
    assert exchange.twilio.conferences.list(friendly_name="another conference") == []
    assert exchange.twilio.conferences(found.sid).fetch().friendly_name == "conference"


def test_one_alone_is_in_a_conference_that_has_not_begun(exchange: Exchange) -> None:
    sid = place(exchange).sid
    exchange.act(sid, "answer")
    exchange.act(sid, "keys", keys="1")

    assert conference(exchange).status == "init"


def test_conference_can_be_ended_and_everyone_goes_on(exchange: Exchange, two: list[str]) -> None:
    ended = conference(exchange).update(status="completed")

    assert (ended.status, ended.reason_conference_ended) == ("completed", "conference-ended-via-api")
    for sid in two:
        assert exchange.waits_until(lambda sid=sid: "The talk is over." in heard(exchange, sid))
    assert ended.update(status="completed").status == "completed"
    with pytest.raises(TwilioRestException):
        ended.update(status="in-progress")


def test_participants_are_listed_muted_held_and_removed(exchange: Exchange, two: list[str]) -> None:
    liaison, caller = two
    people = exchange.twilio.conferences(conference(exchange).sid).participants
    assert {one.call_sid for one in people.list()} == set(two)
    assert people(liaison).fetch().end_conference_on_exit is True

    assert people(caller).update(muted=True).muted is True
    held = people(caller).update(hold=True, hold_url=f"{PUBLIC_URL}/voice/hold", hold_method="POST")
    assert held.hold is True
    assert [one.call_sid for one in people.list(muted=True, hold=True)] == [caller]
    told = ["you are muted", "you are on hold", "Please hold."]
    assert exchange.waits_until(lambda: heard(exchange, caller)[-3:] == told)
    people(caller).update(muted=False, hold=False)
    assert people.list(muted=True) == []

    assert people(caller).delete()
    assert exchange.waits_until(lambda: "The talk is over." in heard(exchange, caller))
    assert [one.call_sid for one in people.list()] == [liaison]
    assert heard(exchange, liaison)[-1] == "you are alone in the conference"
    with pytest.raises(TwilioRestException) as gone:
        people(caller).fetch()
    assert gone.value.code == 20404


def test_announcement_is_heard_by_one_or_by_all(exchange: Exchange, two: list[str]) -> None:
    liaison, caller = two
    found, news = conference(exchange), f"{PUBLIC_URL}/voice/news"
    words = "The line closes in five minutes."

    found.participants(caller).update(announce_url=news)
    assert exchange.waits_until(lambda: heard(exchange, caller)[-1] == words)
    assert words not in heard(exchange, liaison)
    found.update(announce_url=news)

    assert exchange.waits_until(lambda: heard(exchange, liaison)[-1] == words)
    assert exchange.waits_until(lambda: heard(exchange, caller).count(words) == 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"hold_url": "elsewhere"},
        {"announce_url": f"{PUBLIC_URL}/voice/news", "announce_method": "PUT"},
        {"wait_url": "ftp://elsewhere"},
    ],
)
def test_unplayable_announcement_is_refused(
    exchange: Exchange, two: list[str], changes: dict[str, str]
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        conference(exchange).participants(two[1]).update(**changes)

    assert refused.value.code in {20001, 21205}


def test_words_reach_those_who_may_hear_them(exchange: Exchange, two: list[str]) -> None:
    liaison, caller = two
    people = exchange.twilio.conferences(conference(exchange).sid).participants
    exchange.act(liaison, "words", words="Hello there")
    assert heard(exchange, caller)[-1] == "Hello there"

    people(caller).update(muted=True)
    exchange.act(caller, "words", words="Can you hear me")

    assert "Can you hear me" not in heard(exchange, liaison)


def test_someone_can_be_dialed_into_a_conference_to_coach(exchange: Exchange, two: list[str]) -> None:
    liaison, caller = two
    people = exchange.twilio.conferences(conference(exchange).sid).participants
    made = people.create(
        from_=LINE, to="+12025550177", label="supervisor", coaching=True, call_sid_to_coach=liaison
    )
    assert (made.status, made.label, made.conference_sid) == (
        "queued",
        "supervisor",
        conference(exchange).sid,
    )

    exchange.act(made.call_sid, "answer")
    exchange.act(made.call_sid, "words", words="Ask for the case number")

    assert people(made.call_sid).fetch().coaching is True
    assert heard(exchange, liaison)[-1] == "Ask for the case number"
    assert "Ask for the case number" not in heard(exchange, caller)


def test_conference_can_begin_with_the_person_dialed_into_it(exchange: Exchange) -> None:
    made = exchange.twilio.conferences("a new conference").participants.create(
        from_=LINE, to=LIAISON, end_conference_on_exit=True, wait_url=f"{PUBLIC_URL}/voice/hold"
    )

    answered = exchange.act(made.call_sid, "answer")
    assert (answered["state"], answered["transcript"][-1]["text"]) == ("alone", "Please hold.")

    (found,) = exchange.twilio.conferences.list(friendly_name="a new conference")
    (one,) = found.participants.list()
    assert (one.call_sid, one.end_conference_on_exit) == (made.call_sid, True)


@pytest.mark.parametrize(
    ("changes", "code"), [({"to": "911"}, 21211), ({"beep": "loud"}, 20001), ({"to": ""}, 21201)]
)
def test_wrong_invitation_is_refused(exchange: Exchange, changes: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        exchange.twilio.conferences("conference").participants.create(
            **{"from_": LINE, "to": LIAISON} | changes
        )

    assert refused.value.code == code
