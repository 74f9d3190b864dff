"""`exchange`: a stand-in for Twilio on this machine, for any app that answers Twilio's webhooks."""

import secrets
import ssl
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

import click

from hotline.exchange.app import create_exchange
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.certificate import CertificateError, from_files, is_twilio, made_now
from hotline.exchange.delivery.delivery import over_http
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.numbers import ANY, NumberError, origin, read_numbers
from hotline.exchange.page.stage import StageError, read_stage
from hotline.exchange.server import HOST, BusyPortError, Ports, QuietHandler, tls_handler

#: No account at Twilio has this id.
ACCOUNT = "AC" + "0" * 32
_MOST_PORT = 65535
_AUTHORITY = "exchange-ca.pem"


def _version() -> str:
    """Return the version of whichever package has these files."""
    for name in ("hotline-exchange", "hotline"):
        with suppress(PackageNotFoundError):
            return version(name)
    return "of a checkout"


class _Port(click.IntRange):
    name = "port"

    def __init__(self) -> None:
        super().__init__(0, _MOST_PORT)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--number",
    "numbers",
    multiple=True,
    metavar="NUMBER=URL",
    help="A number of your app and its voice URL. Give it once for each number; "
    f"{ANY}=URL takes every other number.",
)
@click.option("--sms", multiple=True, metavar="[NUMBER=]URL", help="Where a text to the number goes.")
@click.option("--status", multiple=True, metavar="[NUMBER=]URL", help="Where the end of a call is told.")
@click.option(
    "--fallback", multiple=True, metavar="[NUMBER=]URL", help="Where a call goes when the voice URL fails."
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Another host that your documents may name. The hosts of the URLs above are allowed already.",
)
@click.option(
    "--port", type=_Port(), default=8001, show_default=True, help="The port of the page and the API."
)
@click.option("--tls", type=_Port(), help="Also open this port, with TLS, for Twilio's own clients.")
@click.option(
    "--ca",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that gets the authority of the made-up certificate of --tls, for the clients to trust; "
    f"{_AUTHORITY} unless told otherwise.",
)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A certificate of your own for --tls (PEM), instead of a made-up one.",
)
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its key (PEM).")
@click.option(
    "--account", envvar="TWILIO_ACCOUNT_SID", default=ACCOUNT, show_envvar=True, help="The account SID."
)
@click.option(
    "--token",
    envvar="TWILIO_AUTH_TOKEN",
    show_envvar=True,
    help="The auth token, with which requests are signed; made up and shown if there is none. "
    "The API also accepts the others of a comma-separated list.",
)
@click.option("--api-key", envvar="TWILIO_API_KEY", show_envvar=True, help="An API key that may use the API.")
@click.option("--api-secret", envvar="TWILIO_API_SECRET", show_envvar=True, help="The secret of --api-key.")
@click.option(
    "--stage",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSON file with what the page shows of your app: phones, steps to try, cards with keys to click.",
)
@click.option(
    "--style",
    is_flag=True,
    help="Also find what Twilio runs in silence, though it serves a caller badly: a Gather that nothing "
    "follows, a Dial without a timeLimit.",
)
@click.option("--quiet", is_flag=True, help="Say nothing at the start.")
@click.version_option(_version(), message="exchange %(version)s")
def exchange(
    numbers: tuple[str, ...],
    sms: tuple[str, ...],
    status: tuple[str, ...],
    fallback: tuple[str, ...],
    origins: tuple[str, ...],
    port: int,
    tls: int | None,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    account: str,
    token: str | None,
    api_key: str | None,
    api_secret: str | None,
    stage: Path | None,
    style: bool,
    quiet: bool,
) -> None:
    """Stand in for Twilio on this machine: call your app from a browser page, and let it call phones there.

    The exchange requests your app's URLs and signs them as Twilio does, runs the TwiML that comes back, and
    answers Twilio's REST API. It needs no account, no network and no tunnel. Nobody's real phone rings.

    \b
      exchange --number +12025550100=http://127.0.0.1:5000/voice

    Point Twilio's client at it: by another base URL, or with --tls by HTTPS_PROXY alone.
    """
    try:
        settings = read_numbers(numbers, sms=sms, status=status, fallback=fallback)
        allowed = [origin("--origin", url) for url in origins]
    except NumberError as problem:
        _fail(str(problem))
    try:
        shown = None if stage is None else read_stage(stage)
    except StageError as problem:
        _fail(f"--stage: {problem}.")
    if not account.startswith("AC"):
        _fail("--account is no account SID, which begins with AC.")
    if (api_key is None) != (api_secret is None):
        _fail("--api-key and --api-secret are given together or not at all.")
    if (certificate is None) != (key is None):
        _fail("--certificate and --key are given together or not at all.")
    if tls is None and (certificate or ca):
        _fail("--certificate, --key and --ca are for --tls, which is missing.")
    tokens = tuple(one.strip() for one in (token or "").split(",") if one.strip())
    made_up = "" if tokens else secrets.token_hex(16)
    tokens = tokens or (made_up,)
    credentials = {account: tokens} | ({api_key: (api_secret,)} if api_key and api_secret else {})
    authority = ca or Path(_AUTHORITY)
    try:
        ports = Ports(port, tls)
    except BusyPortError as problem:
        click.echo(f"The exchange {problem}.", err=True)
        sys.exit(1)
    click.get_current_context().call_on_close(ports.close)
    # Only now: clients of an exchange that holds the port already go on trusting the file of that one.
    handler = None if tls is None else _tls(certificate, key, authority)

    faults, urls = Faults(), _urls(settings.values())
    board = Switchboard(
        account,
        faults.around(over_http(urls[0], tokens[0], hosts=[*urls, *allowed])),
        numbers={number: one for number, one in settings.items() if number != ANY},
        any_number=settings.get(ANY),
        api_url=f"http://{HOST}:{ports.port}",
    )
    app = create_exchange(
        board,
        account_sid=account,
        credentials=credentials,
        lines=[number for number in settings if number != ANY],
        faults=faults,
        stage=shown,
        style=style,
    )
    if not quiet:
        click.echo(_announcement(ports, settings, account, made_up, None if certificate else authority))
    ports.serve(app, handler)


def _tls(certificate: Path | None, key: Path | None, ca: Path) -> type[QuietHandler]:
    context: ssl.SSLContext
    try:
        context = from_files(certificate, key) if certificate and key else made_now(ca)
    except CertificateError as problem:
        _fail(f"{problem}.")
    return tls_handler(context, is_twilio)


def _urls(settings: Iterable[PhoneNumber]) -> list[str]:
    every = [(one.voice_url, one.sms_url, one.status_callback, one.fallback_url) for one in settings]
    return [url for urls in every for url in urls if url]


def _announcement(
    ports: Ports, settings: dict[str, PhoneNumber], account: str, made_up: str, ca: Path | None
) -> str:
    url = f"http://{HOST}:{ports.port}"
    lines = [f"The exchange is at {url}/exchange/", f"Twilio's API is at {url} for the account {account}"]
    if made_up:
        lines.append(f"TWILIO_AUTH_TOKEN={made_up}")
    lines += [f"{number} calls {one.voice_url}" for number, one in settings.items()]
    if ports.tls_port is not None:
        lines.append(f"With TLS it is at https://{HOST}:{ports.tls_port}; a client of Twilio finds it with")
        lines.append(f"HTTPS_PROXY=http://{HOST}:{ports.tls_port}" + (f" and trusts {ca}" if ca else ""))
    return "\n".join(lines)


def _fail(sentence: str) -> NoReturn:
    """Refuse wrong usage: one sentence on stderr, exit 2."""
    click.echo(sentence, err=True)
    sys.exit(2)


def main(args: list[str] | None = None) -> None:
    """Run the command: exit 2 with one sentence on wrong usage, 1 when the port is taken."""
    try:
        exchange.main(args=args, prog_name="exchange", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"{error.format_message().rstrip('.')}. See `exchange --help`.", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
