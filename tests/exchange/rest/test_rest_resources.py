"""Twilio's own client over the account, its numbers and applications, queues, recordings and the log."""

import io
import wave

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.exchange.small_exchange import CALLER, LIAISON, LINE, Exchange, place, raw
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL

RECORD = '<Response><Record action="/voice/inbound" playBeep="false"/></Response>'


def refusal(problem: "pytest.ExceptionInfo[TwilioRestException]") -> tuple[int, int]:
    return problem.value.status, problem.value.code


def test_account_can_be_read_listed_and_renamed(exchange: Exchange) -> None:
    accounts = exchange.twilio.api.v2010.accounts

    assert [one.sid for one in accounts.list()] == [ACCOUNT]
    assert accounts(ACCOUNT).update(friendly_name="Mine").friendly_name == "Mine"
    read = accounts(ACCOUNT).fetch()
    assert (read.status, read.type, read.friendly_name) == ("active", "Full", "Mine")
    with pytest.raises(TwilioRestException) as refused:
        accounts("AC" + "9" * 32).fetch()
    assert refusal(refused) == (404, 20404)
    with pytest.raises(TwilioRestException) as refused:
        accounts.create(friendly_name="Another")
    assert refused.value.status == 400


def test_number_calls_another_url_from_the_next_call_on(exchange: Exchange) -> None:
    numbers = exchange.twilio.incoming_phone_numbers
    (own,) = numbers.list(phone_number="2025550100")
    assert (own.phone_number, own.voice_url) == (LINE, f"{PUBLIC_URL}/voice/inbound")

    changed = own.update(voice_url=f"{PUBLIC_URL}/voice/news", friendly_name="News")

    assert (changed.voice_url, changed.friendly_name) == (f"{PUBLIC_URL}/voice/news", "News")
    call = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: call.live.leg.is_over)
    assert call.live.leg.heard == ["The line closes in five minutes."]


def test_number_can_be_added_and_given_up(exchange: Exchange) -> None:
    numbers = exchange.twilio.incoming_phone_numbers
    added = numbers.create(phone_number="+12025550177", voice_url=f"{PUBLIC_URL}/voice/news")
    assert {one.phone_number for one in numbers.list()} == {LINE, "+12025550177"}
    assert numbers.local.list(friendly_name="+12025550177")[0].sid == added.sid
    assert numbers.toll_free.list() == numbers.mobile.list() == []
    for wrong, code in (("+12025550177", 21422), ("911", 21421)):
        with pytest.raises(TwilioRestException) as refused:
            numbers.create(phone_number=wrong)
        assert refusal(refused) == (400, code)

    assert added.delete()

    with pytest.raises(TwilioRestException) as refused:
        numbers(added.sid).fetch()
    assert refusal(refused) == (404, 20404)
    with pytest.raises(TwilioRestException) as refused:
        place(exchange, from_="+12025550177")
    assert refusal(refused) == (400, 21210)


def test_application_decides_where_a_call_and_a_number_go(exchange: Exchange) -> None:
    apps = exchange.twilio.applications
    app = apps.create(friendly_name="News", voice_url=f"{PUBLIC_URL}/voice/news")
    assert [one.sid for one in apps.list(friendly_name="News")] == [app.sid]

    call = exchange.twilio.calls.create(to=LIAISON, from_=LINE, application_sid=app.sid)
    heard = exchange.act(call.sid, "answer")["transcript"]
    (own,) = exchange.twilio.incoming_phone_numbers.list()
    own.update(voice_application_sid=app.sid)
    inbound = exchange.board.dial(CALLER, LINE)

    assert heard[0]["text"] == "The line closes in five minutes."
    assert exchange.waits_until(lambda: inbound.live.leg.is_over)
    assert inbound.live.leg.heard == ["The line closes in five minutes."]
    assert app.update(friendly_name="Old news").friendly_name == "Old news"
    assert apps(app.sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        apps(app.sid).fetch()
    assert refusal(refused) == (404, 20404)
    with pytest.raises(TwilioRestException):
        exchange.twilio.calls.create(to=LIAISON, from_=LINE, application_sid=app.sid)


def test_caller_in_a_queue_is_a_member_who_can_be_taken_out(exchange: Exchange) -> None:
    call = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: call.live.state == "keys")
    exchange.act(call.sid, "keys", keys="5")
    (queue,) = exchange.twilio.queues.list()
    assert (queue.friendly_name, queue.current_size, queue.max_size) == ("help", 1, 1000)

    (member,) = exchange.twilio.queues(queue.sid).members.list()
    front = exchange.twilio.queues(queue.sid).members("Front").fetch()
    assert (member.call_sid, front.call_sid, front.position) == (call.sid, call.sid, 1)
    with pytest.raises(TwilioRestException) as refused:
        exchange.twilio.queues(queue.sid).delete()
    assert refusal(refused) == (400, 22002)
    exchange.twilio.queues(queue.sid).members(call.sid).update(url=f"{PUBLIC_URL}/voice/news")

    assert exchange.waits_until(lambda: call.live.leg.is_over)
    assert call.live.leg.heard[-1] == "The line closes in five minutes."
    assert exchange.twilio.queues(queue.sid).fetch().current_size == 0
    assert exchange.twilio.queues(queue.sid).delete()


def test_queue_can_be_made_and_its_size_turns_a_caller_away(exchange: Exchange) -> None:
    queues = exchange.twilio.queues
    queue = queues.create(friendly_name="help", max_size=1)
    with pytest.raises(TwilioRestException) as refused:
        queues.create(friendly_name="help")
    assert refusal(refused) == (400, 22003)
    with pytest.raises(TwilioRestException):
        queue.update(max_size=0)
    calls = [exchange.board.dial(CALLER, LINE) for _ in range(2)]
    for call in calls:
        assert exchange.waits_until(lambda call=call: call.live.state == "keys")  # type: ignore[misc]
        exchange.act(call.sid, "keys", keys="5")

    assert calls[1].live.leg.heard[-1] == "You have left the line."
    assert queues(queue.sid).fetch().current_size == 1
    assert queues(queue.sid).update(friendly_name="help", max_size=7).max_size == 7


def test_recording_of_a_message_can_be_listed_heard_and_deleted(exchange: Exchange) -> None:
    call = exchange.twilio.calls.create(
        to=LIAISON, from_=LINE, twiml=RECORD.replace("/voice", f"{PUBLIC_URL}/voice")
    )
    exchange.act(call.sid, "answer")
    exchange.act(call.sid, "words", words="one two three four five six seven")
    exchange.act(call.sid, "hang-up")

    (recording,) = exchange.twilio.recordings.list(call_sid=call.sid)

    assert (recording.status, recording.source, recording.duration) == ("completed", "RecordVerb", "3")
    assert exchange.twilio.calls(call.sid).recordings(recording.sid).fetch().channels == 1
    for ending in ("", ".wav"):
        sound = raw(exchange, "GET", f"{ACCOUNT}/Recordings/{recording.sid}{ending}", auth=("", ""))
        assert sound.headers["Content-Type"] == "audio/x-wav"
        with wave.open(io.BytesIO(sound.content)) as heard:
            assert heard.getnframes() == 3 * heard.getframerate()
    assert exchange.twilio.recordings(recording.sid).delete()
    assert exchange.twilio.recordings.list() == []
    assert (
        raw(exchange, "GET", f"{ACCOUNT}/Recordings/{recording.sid}", auth=("", "")).json()["code"] == 20404
    )


def test_call_that_talks_can_be_recorded_until_told_to_stop(exchange: Exchange) -> None:
    call = place(exchange)
    with pytest.raises(TwilioRestException) as refused:
        exchange.twilio.calls(call.sid).recordings.create()
    assert refusal(refused) == (400, 21220)
    exchange.act(call.sid, "answer")

    begun = exchange.twilio.calls(call.sid).recordings.create(recording_channels="dual")
    current = exchange.twilio.calls(call.sid).recordings("Twilio.CURRENT")
    paused = current.update(status="paused")
    stopped = current.update(status="stopped")

    assert (begun.status, begun.source, begun.channels) == ("in-progress", "StartCallRecordingAPI", 2)
    assert (paused.status, stopped.status, stopped.sid) == ("paused", "completed", begun.sid)
    with pytest.raises(TwilioRestException) as refused:
        current.fetch()
    assert refusal(refused) == (404, 20404)


def test_call_that_was_ordered_with_a_recording_tells_when_it_is_there(exchange: Exchange) -> None:
    call = place(
        exchange,
        record=True,
        recording_status_callback=f"{PUBLIC_URL}/voice/call-events",
        status_callback=None,
    )
    exchange.act(call.sid, "answer")
    exchange.act(call.sid, "hang-up")

    (recording,) = exchange.twilio.calls(call.sid).recordings.list()

    assert (recording.source, recording.status) == ("OutboundAPI", "completed")
    assert exchange.waits_until(lambda: [one for one in exchange.requests if one.param("RecordingStatus")])
    told = [dict(one.said) for one in exchange.requests if one.param("RecordingStatus")]
    assert [one["RecordingSid"] for one in told] == [recording.sid]


def test_conference_is_recorded_from_its_start_to_its_end(exchange: Exchange) -> None:
    told = f'record="record-from-start" recordingStatusCallback="{PUBLIC_URL}/voice/call-events"'
    document = (
        f'<Response><Dial><Conference endConferenceOnExit="true" {told}>table</Conference></Dial></Response>'
    )
    calls = [exchange.twilio.calls.create(to=to, from_=LINE, twiml=document) for to in (LIAISON, CALLER)]
    exchange.act(calls[0].sid, "answer")
    (conference,) = exchange.twilio.conferences.list()
    recordings = exchange.twilio.conferences(conference.sid).recordings
    assert recordings.list() == [], "one alone is no conference yet"

    exchange.act(calls[1].sid, "answer")
    assert [one.status for one in recordings.list()] == ["in-progress"]
    exchange.act(calls[0].sid, "hang-up")

    assert exchange.waits_until(lambda: [one.status for one in recordings.list()] == ["completed"])
    (recording,) = exchange.twilio.recordings.list(conference_sid=conference.sid)
    assert (recording.source, recording.call_sid, recording.conference_sid) == (
        "Conference",
        None,
        conference.sid,
    )
    assert recordings(recording.sid).fetch().duration == "1"
    assert exchange.waits_until(lambda: [one for one in exchange.requests if one.param("RecordingStatus")])
    (event,) = [dict(one.said) for one in exchange.requests if one.param("RecordingStatus")]
    assert (event["ConferenceSid"], event["RecordingSid"]) == (conference.sid, recording.sid)
    assert recordings(recording.sid).delete()
    assert exchange.twilio.recordings.list() == []


def test_events_of_a_call_are_its_requests_with_their_answers(exchange: Exchange) -> None:
    call = place(exchange)
    exchange.act(call.sid, "answer")
    exchange.act(call.sid, "hang-up")
    exchange.hears_events(4)

    events = exchange.twilio.calls(call.sid).events.list()

    voice = [one for one in events if one.request["url"].endswith("/legs/liaison")]
    assert voice[0].request["parameters"]["CallSid"] == call.sid
    assert (voice[0].response["response_code"], voice[0].response["content_type"]) == (
        200,
        "text/xml",
    )
    assert "To accept, press 1." in voice[0].response["response_body"]


def test_what_went_wrong_on_a_call_is_its_notification(exchange: Exchange) -> None:
    fails = place(exchange, url=f"{PUBLIC_URL}/voice/steps/none/1", status_callback=None)
    strange = exchange.twilio.calls.create(
        to=LIAISON, from_=LINE, twiml="<Response><Sing/><Say>Hello.</Say></Response>"
    )
    for call in (fails, strange):
        exchange.act(call.sid, "answer")

    (error,) = exchange.twilio.calls(fails.sid).notifications.list()
    (warning,) = exchange.twilio.calls(strange.sid).notifications.list()

    assert (error.error_code, error.log, error.message_text) == ("11217", "0", "the line answered 500")
    assert error.request_url.endswith("/steps/none/1")
    assert exchange.twilio.calls(fails.sid).notifications(error.sid).fetch().response_body == "no such step"
    assert (warning.error_code, warning.log) == ("12200", "1")
    assert {one.sid for one in exchange.twilio.notifications.list()} == {error.sid, warning.sid}
    assert exchange.twilio.notifications(warning.sid).fetch().message_text == warning.message_text
    assert [one.sid for one in exchange.twilio.notifications.list(log=1)] == [warning.sid]


def test_what_twilio_warns_of_is_heard_and_is_a_notification(exchange: Exchange) -> None:
    strange = 'words<Say voice="Polly.Nobody">Hello.</Say><Pause length="soon"/><Say>On.</Say>'
    call = exchange.twilio.calls.create(to=LIAISON, from_=LINE, twiml=f"<Response>{strange}</Response>")
    caller = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")

    transcript = exchange.act(call.sid, "answer")["transcript"]

    assert [one["text"] for one in transcript if one["kind"] == "heard"] == ["Hello.", "On."]
    found = exchange.twilio.calls(call.sid).notifications.list()
    assert sorted((one.error_code, one.log) for one in found) == [
        ("12200", "1"),
        ("13511", "1"),
        ("13910", "1"),
    ]
    # The line's greeting has a break, which the voice of a Say without one does not know.
    (of_greeting,) = exchange.twilio.calls(caller.sid).notifications.list()
    assert (of_greeting.error_code, of_greeting.log) == ("13520", "1")
    assert of_greeting.request_url.endswith("/voice/inbound")
    assert exchange.twilio.notifications(of_greeting.sid).fetch().call_sid == caller.sid


def test_dial_that_shows_a_number_of_somebody_else_rings_nobody(exchange: Exchange) -> None:
    shows = '<Dial callerId="{}">+12025550170</Dial>'
    dials = [
        exchange.twilio.calls.create(
            to=to, from_=LINE, twiml=f"<Response>{shows.format(shown)}<Say>On.</Say></Response>"
        )
        for to, shown in ((LIAISON, "+12025550199"), (CALLER, LINE))
    ]

    (refused, rings) = (exchange.act(call.sid, "answer") for call in dials)

    assert (refused["rings"], refused["transcript"][-1]["text"]) == ([], "On.")
    (found,) = exchange.twilio.calls(dials[0].sid).notifications.list()
    assert (found.error_code, found.log) == ("13214", "1")
    assert rings["rings"] == ["+12025550170"]


def test_number_takes_the_application_that_there_is(exchange: Exchange) -> None:
    with pytest.raises(TwilioRestException) as refused:
        exchange.twilio.incoming_phone_numbers.create(
            phone_number="+12025550177", voice_application_sid="AP" + "1" * 32
        )

    assert refusal(refused) == (400, 21218)
    assert len(exchange.twilio.incoming_phone_numbers.list()) == 1


def test_document_that_cannot_run_and_a_refused_call_event_are_notifications_with_their_request(
    exchange: Exchange,
) -> None:
    bad = exchange.twilio.calls.create(to=LIAISON, from_=LINE, url=f"{PUBLIC_URL}/voice/steps/menu/1")
    refused = place(
        exchange, status_callback=f"{PUBLIC_URL}/voice/steps/none/1", status_callback_event=["completed"]
    )
    exchange.act(bad.sid, "answer")
    exchange.act(bad.sid, "keys", keys="4")
    exchange.act(refused.sid, "decline")
    assert exchange.waits_until(exchange.twilio.calls(refused.sid).notifications.list)

    (of_document,) = exchange.twilio.calls(bad.sid).notifications.list(log=0)
    (of_event,) = exchange.twilio.calls(refused.sid).notifications.list()

    assert (of_document.error_code, of_document.message_text) == ("13223", "<Dial> names no phone (13223)")
    assert of_document.request_url.endswith("/steps/menu/1")
    assert (of_event.error_code, of_event.request_method) == ("15003", "POST")


def test_message_has_no_media(exchange: Exchange) -> None:
    message = exchange.twilio.messages.create(to=LIAISON, from_=LINE, body="Hello")

    assert exchange.twilio.messages(message.sid).media.list() == []


@pytest.mark.parametrize(
    "path", ["/2010-04-01/Nothing.json", "/v1/Services", "/nothing", "/2010-04-01/Accounts/"]
)
def test_path_that_there_is_not_is_answered_in_twilios_shape(exchange: Exchange, path: str) -> None:
    answer = exchange.web.get(path, auth=(ACCOUNT, "the-token-of-the-small-line"))

    assert (answer.status_code, answer.json["code"], answer.json["status"]) == (404, 20404, 404)
    assert answer.json["more_info"].endswith("/20404")


def test_method_that_a_path_does_not_take_is_answered_in_twilios_shape(exchange: Exchange) -> None:
    answer = exchange.web.delete("/exchange/")

    assert (answer.status_code, answer.json["code"]) == (405, 20004)
