"""`hotline phone`: calls the line from this terminal as a caller would, and answers the line's own calls."""

import re
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TextIO

import click

from hotline.cli.command.bind import read_bind
from hotline.cli.command.context import fail, load_office, load_settings
from hotline.exchange.calls.inbound import InboundCall, line_number
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.delivery.delivery import REFUSED, Deliver, over_http
from hotline.exchange.delivery.fetching import fetching, with_fallback
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.page.rung_phone import ExchangeClient
from hotline.exchange.page.terminal import HELP, Terminal, meaning
from hotline.speaker import Speaker, find_program

_E164 = re.compile(r"\+[1-9]\d{6,14}")
#: A script waits, because a worker needs a moment before it calls someone. A person simply tries again.
_SCRIPT_PATIENCE_SECONDS = 30.0
_PERSON_PATIENCE_SECONDS = 2.0


@click.command()
@click.option(
    "--from", "from_", default="+12025550123", show_default=True, help="The caller's phone, in E.164."
)
@click.option("--to", help="The line to call, in E.164; by default the office's main number.")
@click.option(
    "--bind",
    metavar="HOST:PORT",
    help="Where the line listens; by default where `serve` runs on this folder.",
)
@click.option("--script", help='Play by itself: keys, "" for silence, hangup, answer, back, comma-separated.')
@click.option("--real-time", is_flag=True, help="Words, silence and ringing last as long as on a phone.")
@click.option(
    "--speak", is_flag=True, help="Say aloud what is heard, each phrase in its language (espeak-ng)."
)
@click.option(
    "--transcript",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Also write the call to this file.",
)
def phone(
    from_: str,
    to: str | None,
    bind: str | None,
    script: str | None,
    real_time: bool,
    speak: bool,
    transcript: TextIO | None,
) -> None:
    """Ring the line from this terminal.

    Exits 0 when all that was typed was done, 3 when nobody picked up (the line, or a phone that a script
    answers), 4 when the line hung up before the script was through, 1 when the call failed, 2 for wrong
    usage.
    """
    settings = load_settings(None if bind is None else read_bind(bind).url)
    if settings.carrier != "exchange":
        fail("hotline phone calls through the exchange alone: HOTLINE_CARRIER is not exchange.")
    office = load_office(settings)
    to = to or office.lines[0]
    for option, number in (("--from", from_), ("--to", to)):
        if not _E164.fullmatch(number):
            fail(f"{option} must be a phone number in E.164, such as +12025550123.")
    program = find_program() if speak else None
    if speak and program is None:
        fail("--speak needs espeak-ng, which is not installed here.")
    lines = None if script is None else iter(_tokens(script))
    paper = _Paper(transcript)
    carries = _tells_refusal(over_http(settings.public_url, settings.twilio_auth_tokens[0]))
    dialled = line_number(settings.public_url, discreet=to in office.discreet_lines)
    call = InboundCall(
        with_fallback(fetching(carries), dialled.fallback_url, dialled.fallback_method),
        send=carries,
        public_url=settings.public_url,
        account_sid=settings.twilio_account_sid,
        from_=from_,
        to=to,
        timed=real_time,
    )
    if lines is None:
        click.echo(f"Type {HELP}.", err=True)
    terminal = Terminal(
        call,
        ExchangeClient(f"http://127.0.0.1:{settings.exchange_port}"),
        read=_typed(paper) if lines is None else _scripted(lines, paper),
        write=paper.show,
        patience_seconds=_PERSON_PATIENCE_SECONDS if lines is None else _SCRIPT_PATIENCE_SECONDS,
        clock=RealTime(call) if real_time else None,
        voice=None if program is None else Speaker(program),
        is_scripted=lines is not None,
    )
    try:
        outcome = terminal.play()
    except LineError as problem:
        way = (
            "; start the line with `make run` or `hotline serve`, or say where it listens with "
            "`make phone BIND=HOST:PORT` or --bind HOST:PORT"
        )
        click.echo(f"The call failed: {problem}{way if problem.code == REFUSED else ''}.", err=True)
        sys.exit(1)
    sys.exit(outcome)


def _tells_refusal(deliver: Deliver) -> Deliver:
    """Say on stderr why the line refuses a request: without it the person hears only the fallback."""

    def carry(request: Request) -> Reply:
        reply = deliver(request)
        if reply.status == HTTPStatus.FORBIDDEN:
            click.echo(
                "The line refused the signature (403). Give HOTLINE_PUBLIC_URL and HOTLINE_DATA_DIR "
                "the values that the line was started with.",
                err=True,
            )
        return reply

    return carry


class _Paper:
    """Prints lines and copies them to a transcript, which only counts several keys at once (maybe a PIN)."""

    def __init__(self, transcript: TextIO | None) -> None:
        self._transcript = transcript

    def show(self, line: str) -> None:
        """Print one line."""
        click.echo(line)
        self.keep(line)

    def keep(self, line: str) -> None:
        """Copy one line without printing it."""
        if self._transcript is not None:
            self._transcript.write(f"{line}\n")

    @staticmethod
    def pressed(word: str) -> str:
        """How a transcript shows an input."""
        many = len(word) > 1 and not word.isalpha()
        return f"> {len(word)} keys" if many else f"> {word or '(silence)'}"


def _tokens(script: str) -> list[str]:
    """The inputs of a script. Exits 2 at an invalid one."""
    tokens = [token.strip().strip('"') for token in script.split(",")]
    for place, token in enumerate(tokens, start=1):
        try:
            meaning(token)
        except ValueError:
            fail(f"--script: input {place} is neither keys nor hangup, answer, back or quit.")
    return tokens


def _scripted(tokens: Iterator[str], paper: _Paper) -> Callable[[], str | None]:
    def read() -> str | None:
        token = next(tokens, None)
        if token is not None:
            paper.show(paper.pressed(token))
        return token

    return read


def _typed(paper: _Paper) -> Callable[[], str | None]:
    def read() -> str | None:
        try:
            typed = input("> ")
        except (EOFError, KeyboardInterrupt):
            return None
        paper.keep(paper.pressed(typed.strip()))
        return typed

    return read
