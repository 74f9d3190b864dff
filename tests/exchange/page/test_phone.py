"""The suite's telephone plays a call as Twilio and a person would."""

import pytest

from tests.exchange.small_line import ACCOUNT, PUBLIC_URL, TOKEN, SmallLine
from tests.phone import Phone, PlacedCall


@pytest.fixture
def line() -> SmallLine:
    return SmallLine()


@pytest.fixture
def phone(line: SmallLine) -> Phone:
    return Phone(
        line.app.test_client(),
        public_url=PUBLIC_URL,
        auth_token=TOKEN,
        account_sid=ACCOUNT,
        line="+12025550100",
    )


def test_call_is_heard_answered_and_over(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    assert phone.hears("to talk to someone, press 1")

    phone.presses("2")

    assert phone.hears("goodbye")
    assert phone.does_not_hear("talk to someone")
    assert phone.is_over
    assert line.events == [(phone.call_sid, "completed")]


def test_silence_and_a_hang_up_reach_the_line(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    phone.says_nothing()
    assert phone.hears("take your time", "press 1")

    phone.hangs_up()
    phone.hangs_up()

    assert line.events == [(phone.call_sid, "completed")]
    assert line.asked == ["inbound", "steps/menu/1"]


def test_missing_words_fail_with_the_whole_transcript(phone: Phone) -> None:
    phone.dials_in()
    phone.presses("9")

    with pytest.raises(pytest.fail.Exception, match=r"(?s)in custody.*> 9.*Take your time"):
        phone.hears("in custody")


def test_call_that_the_line_fails_fails_the_test(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()

    with pytest.raises(pytest.fail.Exception, match="<Dial> names no phone"):
        phone.presses("4")

    assert line.events == [(phone.call_sid, "completed")]


def test_phone_that_does_not_ring_fails_with_the_whole_transcript(phone: Phone) -> None:
    phone.dials_in()

    with pytest.raises(pytest.fail.Exception, match=r"(?s)does not ring.*To talk to someone"):
        phone.is_rung("+12025550142")


def test_phone_can_keep_time(line: SmallLine) -> None:
    phone = Phone(
        line.app.test_client(),
        public_url=PUBLIC_URL,
        auth_token=TOKEN,
        account_sid=ACCOUNT,
        line="+12025550100",
        timed=True,
    )
    phone.dials_in()

    phone.waits(7)
    assert phone.does_not_hear("take your time")
    phone.waits(2)

    assert phone.hears("take your time")


def test_two_who_talk_hear_each_other(phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")
    liaison = phone.answers()
    liaison.presses("1")

    phone.says("are you there?")

    assert "< are you there?" in liaison.transcript


def test_document_with_faults_fails_the_test(line: SmallLine) -> None:
    def check(document: bytes, *, whisper: bool) -> list[str]:
        return ["Gather has no timeout"] if b"<Gather" in document and not whisper else []

    phone = Phone(
        line.app.test_client(),
        public_url=PUBLIC_URL,
        auth_token=TOKEN,
        account_sid=ACCOUNT,
        line="+12025550100",
        check=check,
    )

    with pytest.raises(pytest.fail.Exception, match="Gather has no timeout"):
        phone.dials_in()


def test_person_who_accepts_is_bridged_and_the_dial_ends_with_them(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")
    assert phone.is_rung("+12025550142")
    assert phone.rings == ("+12025550142",)

    liaison = phone.answers()
    assert liaison.hears("to accept, press 1")
    liaison.presses("1")
    assert phone.is_talking
    assert liaison.is_talking
    liaison.hangs_up()

    assert phone.hears("dial completed, bridged true")
    assert [status for sid, status in line.events if sid == liaison.call_sid] == [
        "initiated",
        "in-progress",
        "completed",
    ]


def test_person_who_does_not_accept_is_not_bridged(phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")

    phone.answers().says_nothing()

    assert phone.hears("dial completed, bridged false")


def test_phone_that_nobody_answers_ends_the_dial(phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")

    phone.lets_ring()

    assert phone.hears("dial no-answer, bridged false")


def test_caller_who_hangs_up_ends_the_call_of_the_person_who_was_rung(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")
    liaison = phone.answers()
    liaison.presses("1")

    phone.hangs_up()

    assert liaison.is_over
    assert "steps/person/2" not in line.asked


def test_placed_call_that_is_answered_joins_the_conference_and_ends_it(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    phone.presses("3")
    placed = PlacedCall("+12025550142", "liaison", 20)

    liaison = phone.answers(placed)
    liaison.presses("1")
    assert phone.is_talking
    assert "you are now connected to 1 other" in liaison.transcript
    assert placed.status == "in-progress"
    liaison.hangs_up()

    assert phone.hears("the talk is over")
    assert [status for sid, status in line.events if sid == placed.call_sid] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert placed.status == "completed"


def test_call_can_be_sent_to_another_document_out_of_its_conference(phone: Phone) -> None:
    phone.dials_in()
    phone.presses("3")
    assert phone.is_talking

    phone.is_sent_to("/voice/steps/after/3")

    assert phone.hears("the talk is over")
    assert phone.is_over


def test_placed_call_that_is_declined_is_busy(line: SmallLine, phone: Phone) -> None:
    placed = PlacedCall("+12025550142", "liaison", 20)

    phone.declines(placed)

    assert [status for _, status in line.events] == ["initiated", "ringing", "busy"]
    assert placed.status == "busy"


def test_last_webhook_can_come_again_with_its_token(line: SmallLine, phone: Phone) -> None:
    phone.dials_in()
    phone.presses("9")

    again = phone.redelivers_last()

    assert line.tokens[-1] == line.tokens[-2] != line.tokens[-3]
    assert phone.raw(again).startswith("<Response><Say>Take your time")
    assert phone.last_response is not None
    assert phone.last_response.data == again.data


def test_request_can_be_sent_out_of_order_and_wrongly_signed(phone: Phone) -> None:
    phone.dials_in()

    assert phone.posts("/voice/steps/menu/1", Digits="2").status_code == 200
    assert phone.posts("/voice/inbound", headers={"X-Twilio-Signature": "x"}).status_code == 403
