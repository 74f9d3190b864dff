"""The exchange's web application: Twilio's REST side, the phones that ring, and a page about both."""

import time
from collections.abc import Mapping

from flask import Flask, Response, redirect
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from hotline.exchange.faults import Faults
from hotline.exchange.messages import Messages
from hotline.exchange.phones import phones
from hotline.exchange.rest import RestLimit, twilio_rest
from hotline.exchange.switchboard import Switchboard
from hotline.exchange.workshop import workshop

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The exchange</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}
</style>
<h1>The exchange</h1>
<p>This process stands in for the telephone company: no real phone rings and nothing leaves this machine.
The line it calls is at <code>{line}</code>.</p>
<h2>To call the line</h2>
<p>In a terminal, in the project's folder:</p>
<pre>.venv/bin/hotline phone</pre>
<p>It speaks what a caller would hear. Type the keys a caller would press; Enter alone is silence,
<kbd>h</kbd> hangs up, and <kbd>a</kbd> picks up a phone that the line has rung.</p>
<h2>What rings now</h2>
<p>{ringing} &middot; as JSON at <a href="/handset/rung.json">/handset/rung.json</a></p>
</html>
"""


def create_exchange(
    switchboard: Switchboard,
    *,
    public_url: str,
    account_sid: str,
    credentials: Mapping[str, tuple[str, ...]],
    faults: Faults | None = None,
    limit: RestLimit | None = None,
) -> Flask:
    """The exchange for the line at ``public_url``.

    ``faults`` are those that the switchboard's delivery suffers; with them they can be switched on and off
    at ``/exchange/faults`` while it runs.
    """
    app = Flask(__name__)
    messages = Messages(switchboard)
    limit = limit or RestLimit(time.monotonic)
    app.register_blueprint(twilio_rest(switchboard, messages, account_sid, credentials, limit))
    app.register_blueprint(phones(switchboard, messages))
    app.register_blueprint(workshop(switchboard, faults or Faults(), limit))

    @app.get("/exchange/")
    def page() -> Response:
        count = sum(call.status == "ringing" for call in switchboard.all())
        words = {0: "No phone rings.", 1: "One phone rings."}.get(count, f"{count} phones ring.")
        return Response(_PAGE.format(line=escape(public_url), ringing=words))

    @app.get("/")
    def front() -> AnyResponse:
        return redirect("/exchange/")

    return app
