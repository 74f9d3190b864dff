"""The web app of the exchange: Twilio's REST API, the phones that ring, and a page of handsets."""

import time
from collections.abc import Mapping, Sequence

from flask import Flask, redirect
from werkzeug.wrappers import Response

from hotline.exchange.calls.messages import Messages
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.page.controls import controls
from hotline.exchange.page.handsets import Handsets
from hotline.exchange.page.page import page
from hotline.exchange.page.phones import phones
from hotline.exchange.page.stage import Stage
from hotline.exchange.page.streams import Streams
from hotline.exchange.page.visitors import admit_this_machine_alone
from hotline.exchange.rest.rest import RestLimit, twilio_rest
from hotline.exchange.rest.shapes import answer_in_twilios_shape


def create_exchange(
    switchboard: Switchboard,
    *,
    account_sid: str,
    credentials: Mapping[str, tuple[str, ...]],
    lines: Sequence[str] = (),
    faults: Faults | None = None,
    limit: RestLimit | None = None,
    streams: Streams | None = None,
    stage: Stage | None = None,
    style: bool = False,
) -> Flask:
    """Build the app around a switchboard. ``lines`` are the line's numbers, the main one first.

    ``faults`` are those around the switchboard's delivery, so that ``/exchange/faults`` can set them while
    the exchange runs. ``stage`` is what the page shows of the app behind the line; with ``style`` its
    calls show also what Twilio runs in silence, though it serves a caller badly.
    """
    app = Flask(__name__, static_folder=None)
    admit_this_machine_alone(app)
    messages = Messages(switchboard)
    limit = limit or RestLimit(time.monotonic)
    stage = stage or Stage()
    handsets = Handsets(switchboard.feed, stage.phones, lines)
    app.register_blueprint(twilio_rest(switchboard, messages, account_sid, credentials, limit))
    app.register_blueprint(phones(switchboard, messages, handsets))
    app.register_blueprint(controls(switchboard, faults or Faults(), limit))
    answer_in_twilios_shape(app)
    app.register_blueprint(
        page(switchboard, handsets, streams or Streams(switchboard.feed, style=style), lines, stage)
    )

    @app.get("/")
    def front() -> Response:
        return redirect("/exchange/")

    return app
