"""The baseline of the line: a bare Flask route with twilio's validator and builder, no database."""

import sys
from typing import Any

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from tests.bench.http import TOKEN


def make_application() -> Flask:
    """The WSGI application of one worker process."""
    from config.parent import end_with_parent

    end_with_parent()
    app = Flask(__name__)
    validator = RequestValidator(TOKEN)

    @app.post("/voice/inbound")
    def inbound() -> Any:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(request.url, request.form, signature):
            abort(403)
        gather = Gather(
            input="dtmf",
            num_digits=1,
            timeout=8,
            action="/voice/steps/language/1",
            action_on_empty_result=True,
        )
        gather.say("For English, press 1.", voice="Polly.Joanna-Neural", language="en-US")
        response = VoiceResponse()
        response.append(gather)
        return Response(str(response), content_type="text/xml; charset=utf-8")

    return app


if __name__ == "__main__":
    from hotline.cli.command.bind import read_bind
    from hotline.cli.command.context import load_settings
    from hotline.cli.web import run_web

    where = read_bind(sys.argv[1])
    settings = load_settings(where.url)
    run_web(settings, where, "tests.bench.naive:make_application", threads=settings.web_threads)
