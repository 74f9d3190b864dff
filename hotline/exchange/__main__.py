"""Runs the exchange: ``python -m hotline.exchange``. Never in production."""

import os
import socket
import sys

import click
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from config.office import Office
from config.settings import Settings
from hotline.cli.command.context import fail, load_office, load_settings
from hotline.exchange.app import create_exchange
from hotline.exchange.calls.inbound import line_number
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.delivery import over_http
from hotline.exchange.delivery.faults import Faults

#: The exchange has no sign-in, so only this machine may use it.
HOST = "127.0.0.1"


class _QuietHandler(WSGIRequestHandler):
    """Does not log requests: a terminal handset polls several times a second."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def credentials(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return who may use the REST API: the account with any valid token, and the API key."""
    known = {settings.twilio_account_sid: settings.twilio_auth_tokens}
    if settings.twilio_api_key and settings.twilio_api_secret:
        known[settings.twilio_api_key] = (settings.twilio_api_secret,)
    return known


def numbers_of(settings: Settings, office: Office) -> dict[str, PhoneNumber]:
    """Return the settings of each number of the office, including its staff line."""
    lines = [*office.lines, *filter(None, [office.staff_line])]
    return {line: line_number(settings.public_url, discreet=line in office.discreet_lines) for line in lines}


def exchange_for(settings: Settings, office: Office) -> Flask:
    """Build the exchange of one office. Every dialed number reaches the line; it calls only from its own."""
    faults, numbers = Faults(), numbers_of(settings, office)
    deliver = faults.around(over_http(settings.public_url, settings.twilio_auth_tokens[0]))
    return create_exchange(
        Switchboard(
            settings.twilio_account_sid,
            deliver,
            numbers=numbers,
            any_number=line_number(settings.public_url),
        ),
        account_sid=settings.twilio_account_sid,
        credentials=credentials(settings),
        lines=list(numbers),
        faults=faults,
    )


def main() -> None:
    """Run the exchange until a signal ends it."""
    settings = load_settings()
    if settings.production or settings.carrier != "exchange":
        fail("The exchange stands in for the carrier in development alone, with HOTLINE_CARRIER=exchange.")
    try:
        listening = socket.create_server((HOST, settings.exchange_port))
    except OSError as problem:
        where, why = f"{HOST}:{settings.exchange_port}", os.strerror(problem.errno or 0)
        click.echo(f"The exchange cannot listen at {where}: {why}.", err=True)
        sys.exit(1)
    app = exchange_for(settings, load_office(settings))
    with listening:
        make_server(
            HOST,
            settings.exchange_port,
            app,
            threaded=True,
            request_handler=_QuietHandler,
            fd=listening.fileno(),
        ).serve_forever()


if __name__ == "__main__":
    main()
