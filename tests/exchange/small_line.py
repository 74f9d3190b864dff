"""A line of a few sentences: the handset, the exchange and the phone are tried against it."""

from flask import Flask, Response, request
from twilio.request_validator import RequestValidator

PUBLIC_URL = "https://line.example.org"
TOKEN = "the-token-of-the-small-line"
ACCOUNT = "AC" + "0" * 32

GREETING = (
    '<Gather action="/voice/steps/menu/1" numDigits="1" actionOnEmptyResult="true">'
    "<Say>To talk to someone, <break/> press 1.</Say></Gather>"
)
DIAL = (
    '<Dial action="/voice/steps/person/2" timeout="20" callerId="+12025550100">'
    '<Number url="/voice/legs/whisper" statusCallback="/voice/call-events"'
    ' statusCallbackEvent="initiated answered completed">+12025550142</Number></Dial>'
)
ACCEPT = (
    '<Gather action="/voice/steps/accept/1" numDigits="1"><Say>To accept, press 1.</Say></Gather><Hangup/>'
)


def conference(ends_with_me: str) -> str:
    return (
        '<Dial action="/voice/steps/after/3"><Conference endConferenceOnExit="'
        f'{ends_with_me}" waitUrl="">conference</Conference></Dial>'
    )


class SmallLine:
    """``events`` are the call events that came, as (call sid, call status); ``asked`` every voice path."""

    def __init__(self, public_url: str = PUBLIC_URL) -> None:
        self.public_url = public_url
        self.events: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.app = Flask("small_line")
        self.app.testing = True
        self.app.before_request(self._check_signature)
        self.app.add_url_rule("/voice/call-events", view_func=self._call_event, methods=["POST"])
        self.app.add_url_rule("/voice/<path:step>", view_func=self._turn, methods=["POST"])

    def _check_signature(self) -> Response | None:
        self.tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        signed = request.headers["X-Twilio-Signature"]
        right = RequestValidator(TOKEN).validate(self.public_url + request.path, request.form, signed)
        return None if right else Response("wrong signature", 403)

    def _call_event(self) -> Response:
        if "CallStatus" in request.form:
            self.events.append((request.form["CallSid"], request.form["CallStatus"]))
        return Response(status=204)

    def _turn(self, step: str) -> Response:
        self.asked.append(step)
        answers = {
            "inbound": GREETING,
            "steps/menu/1": {
                "1": DIAL,
                "2": "<Say>Goodbye.</Say>",
                "3": conference("false"),
                "4": "<Dial/>",
                "5": '<Enqueue waitUrl="/voice/hold">help</Enqueue><Say>You have left the line.</Say>',
                "6": "<Dial><Queue>help</Queue></Dial><Say>The talk is over.</Say>",
            }.get(request.form.get("Digits", ""), "<Say>Take your time.</Say>" + GREETING),
            "steps/person/2": f"<Say>Dial {request.form.get('DialCallStatus')}, "
            f"bridged {request.form.get('DialBridged')}.</Say>",
            "sms": "<Message>Call us.</Message>",
            "fallback": f"<Say>Something went wrong: {request.form.get('ErrorCode')}.</Say>",
            "hold": "<Say>Please hold.</Say>",
            "news": "<Say>The line closes in five minutes.</Say>",
            "steps/after/3": "<Say>The talk is over.</Say>",
            "legs/whisper": ACCEPT,
            "legs/liaison": ACCEPT.replace("accept/1", "join/1"),
            "steps/accept/1": "" if request.form.get("Digits") == "1" else "<Hangup/>",
            "steps/join/1": conference("true"),
        }
        if step not in answers:
            return Response("no such step", 500)
        return Response(f"<Response>{answers[step]}</Response>", content_type="text/xml")
