"""The routes that Twilio requests: each is signed and idempotent, and none leaves a caller in silence."""

import logging
from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from hotline.voice.form import call_sid, digits, idempotency_token
from hotline.voice.line import Line, Spoken
from hotline.voice.signature import guard_twilio
from hotline.voice.sms import sms_inbound
from hotline.voice.twiml import Renderer
from models.store.database import tried_again
from models.store.job import Job

log = logging.getLogger(__name__)

GET_AND_POST = ["GET", "POST"]


def voice_blueprint(current: Callable[[], Line], renderer: Renderer) -> Blueprint:
    """Make the routes of one line. ``current`` returns the line of the current office.

    Each request calls it once and keeps that line, whatever changes meanwhile.
    """
    voice = Blueprint("voice", __name__)
    line = current()
    # Rendered before any fault: these words work without the database.
    first = line.office.languages[0]
    last_words = renderer.render(line.last_words(), first)
    last_neutral_words = renderer.render(line.last_words(placed=True), first)
    last_discreet_words = renderer.render(line.last_words(discreet=True), first)

    def speak(spoken: Spoken) -> Response:
        return _twiml(renderer.render(spoken.turn, spoken.language))

    @voice.route("/voice/inbound", methods=GET_AND_POST)
    @guard_twilio
    def inbound() -> Response:
        line, form = current(), request.form
        return speak(tried_again(lambda: line.begin(call_sid(form), form)))

    @voice.route("/voice/steps/<step>/<turn>", methods=GET_AND_POST)
    @guard_twilio
    def answer(step: str, turn: str) -> Response:
        number = int(turn) if turn.isdecimal() and len(turn) < 9 else -1
        line, form = current(), request.form
        sid, keys = call_sid(form), digits(form)
        return speak(tried_again(lambda: line.answer(sid, step, number, keys, form)))

    @voice.route("/voice/legs/<leg_id>", methods=GET_AND_POST)
    @guard_twilio
    def leg(leg_id: str) -> Response:
        sid, line = call_sid(request.form), current()
        token = idempotency_token(request.headers.get("I-Twilio-Idempotency-Token"))
        return speak(tried_again(lambda: line.begin_leg(leg_id, sid, request.form, token)))

    @voice.route("/voice/legs/<leg_id>/missed", methods=GET_AND_POST)
    @guard_twilio
    def missed(leg_id: str) -> Response:
        return speak(line.tell_missed(leg_id))

    @voice.route("/voice/call-events", methods=GET_AND_POST)
    @guard_twilio
    def call_events() -> Response:
        call_sid(request.form)
        line = current()
        tried_again(lambda: line.hear_event(request.form, request.args.get("leg")))
        return Response(status=204)

    @voice.route("/sms/inbound", methods=GET_AND_POST)
    @guard_twilio
    def sms() -> Response:
        line = current()

        def hear() -> tuple[str, list[Job]]:
            with line.database.transaction() as session:
                return sms_inbound(
                    session, line.office, line.rules.callback_policy, line.prompts, request.form, line.clock()
                )

        answer, jobs = tried_again(hear)
        for name, row_id in jobs:
            line.jobs.enqueue(name, row_id)
        return _twiml(answer)

    @voice.errorhandler(Exception)
    def fault(error: Exception) -> Response | HTTPException:
        """Every fault is caught here once: the caller hears an apology and is passed to a person."""
        if isinstance(error, HTTPException):
            return error
        log.error("A request of the carrier failed.", exc_info=error)
        if request.endpoint in ("voice.call_events", "voice.sms"):
            # No caller waits for this answer. The carrier may send an event again; of a text it does not, and
            # the sweeper asks for those that were missed (workers/records/missed_texts.py).
            return Response(status=500)
        # The URL of a caller in the queue looks the same. A call without a direction counts as placed.
        unsaid = "outbound" if request.endpoint == "voice.leg" else ""
        placed = request.form.get("Direction", unsaid).startswith("outbound")
        discreet = request.form.get("To", "") in line.office.discreet_lines
        return _first_that_works(
            lambda: speak(current().apologise(request.form.get("CallSid"))),
            lambda: _twiml(last_neutral_words if placed else last_discreet_words if discreet else last_words),
        )

    return voice


def _first_that_works(try_this: Callable[[], Response], else_this: Callable[[], Response]) -> Response:
    try:
        return try_this()
    except Exception as error:
        # Whatever failed, the caller must hear something, and this is the last place that can do it.
        log.exception("The apology failed too.", exc_info=error)
        return else_this()


def _twiml(text: str) -> Response:
    return Response(text, content_type="text/xml; charset=utf-8")
