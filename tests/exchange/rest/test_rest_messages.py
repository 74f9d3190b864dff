"""Text messages through Twilio's own client, and from the phones of people."""

from datetime import UTC, datetime

import pytest
from twilio.base.exceptions import TwilioRestException

from hotline.exchange.calls.order import Answering
from tests.exchange.small_exchange import CALLER, LINE, Exchange
from tests.exchange.small_line import PUBLIC_URL

HERE = f"{PUBLIC_URL}/voice/call-events"


def test_message_is_queued_sent_and_delivered_and_each_is_sent_as_an_event(exchange: Exchange) -> None:
    message = exchange.twilio.messages.create(
        to=CALLER, from_=LINE, body="We tried to reach you.", status_callback=HERE
    )

    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert exchange.hears_events(3) == ["queued", "sent", "delivered"]
    assert exchange.requests[0].param("MessageSid") == message.sid
    assert message.fetch().status == "delivered"
    assert message.fetch().body == "We tried to reach you."


def test_message_that_reaches_nobody_says_why(exchange: Exchange) -> None:
    exchange.board.phones.set(CALLER, Answering("unreachable"))
    message = exchange.twilio.messages.create(to=CALLER, from_=LINE, body="Hello", status_callback=HERE)

    assert exchange.hears_events(3) == ["queued", "sent", "undelivered"]
    assert message.fetch().error_code == 30003


def test_messages_are_listed_redacted_and_deleted(exchange: Exchange) -> None:
    first = exchange.twilio.messages.create(to=CALLER, from_=LINE, body="One")
    second = exchange.twilio.messages.create(to="+12025550177", from_=LINE, body="Two " * 100)
    assert exchange.waits_until(lambda: second.fetch().status == "delivered")
    listed = exchange.twilio.messages.list

    assert [one.sid for one in listed()] == [second.sid, first.sid]
    assert [one.sid for one in listed(to=CALLER)] == [first.sid]
    assert [one.sid for one in listed(date_sent=datetime.now(UTC).date())] == [second.sid, first.sid]
    assert listed(from_=CALLER) == []
    assert second.num_segments == "3"

    assert first.update(body="").body == ""
    with pytest.raises(TwilioRestException):
        first.update(body="Other words")
    assert first.delete()
    with pytest.raises(TwilioRestException) as gone:
        first.fetch()
    assert gone.value.code == 20404


def test_person_who_asked_to_stop_gets_no_more_from_that_number_until_they_start_again(
    exchange: Exchange,
) -> None:
    def texts(body: str) -> None:
        assert (
            exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": body}).status_code
            == 200
        )

    def send() -> str:
        return str(exchange.twilio.messages.create(to=CALLER, from_=LINE, body="Hello").status)

    assert send() == "queued"
    texts(" stop. ")
    with pytest.raises(TwilioRestException) as refused:
        send()
    assert refused.value.code == 21610
    assert exchange.twilio.messages.create(to="+12025550177", from_=LINE, body="Hello").status == "queued"
    texts("START")
    assert send() == "queued"


def test_text_reaches_the_line_and_its_answer_the_phone(exchange: Exchange) -> None:
    exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": "help"})

    assert exchange.waits_until(
        lambda: [one for one in exchange.twilio.messages.list(to=CALLER) if one.body == "Call us."]
    )
    asked = next(r for r in exchange.requests if r.url.endswith("/sms"))
    assert (asked.param("OptOutType"), asked.param("Body"), asked.param("SmsStatus")) == (
        "HELP",
        "help",
        "received",
    )
    assert (
        exchange.web.post("/handset/text", json={"from": CALLER, "to": CALLER, "body": "x"}).status_code
        == 404
    )
    assert exchange.web.post("/handset/text", json={"from": CALLER}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21604), ({"from_": ""}, 21603), ({"to": "911"}, 21211), ({"body": ""}, 21602),
        ({"from_": "+12025550199"}, 21606),
        ({"body": "x" * 1601}, 21617), ({"to": "+12025550188"}, 21614), ({"status_callback": "/here"}, 21609),
    ],
)  # fmt: skip
def test_wrong_message_is_refused(exchange: Exchange, changes: dict[str, str], code: int) -> None:
    exchange.board.phones.set("+12025550188", Answering("landline"))

    with pytest.raises(TwilioRestException) as refused:
        exchange.twilio.messages.create(**{"to": CALLER, "from_": LINE, "body": "Hello"} | changes)

    assert refused.value.code == code
