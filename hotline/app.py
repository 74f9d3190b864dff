"""hotline answers: the Flask app, put together here from top to bottom."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask, redirect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from config.office import Office
from config.settings import Settings
from hotline.current_line import CurrentLine
from hotline.health import health_blueprint
from hotline.office_rules import rules_of
from hotline.office_settings import OfficeSettings
from hotline.proxies import watch_for_proxies
from hotline.trees import build_flows, office_problems, tree_problems
from hotline.voice.fallback import fallback_blueprint
from hotline.voice.guesses import Guesses
from hotline.voice.line import JobTaker, Line
from hotline.voice.signature import Door
from hotline.voice.twiml import Renderer
from hotline.voice.views import voice_blueprint
from ivr_flows.engine.flow import Flow
from ivr_flows.engine.rules import Rules
from ivr_flows.prompts import Prompts
from models.calls.call import keep_pending
from models.cases.case import number_length
from models.cases.pin_hash import PinHasher
from models.store.database import BUSY_SECONDS, Database
from models.store.keyring import Keyring
from workers.office_watch import OfficeWatch
from workers.queue import Jobs

if TYPE_CHECKING:
    from hotline.console.sign_in.passwords import Passwords


class TreeError(ValueError):
    """A call tree or a prompt is incomplete; the message lists every fault."""


def create_app(
    settings: Settings,
    *,
    office: Office | None = None,
    database: Database | None = None,
    hasher: PinHasher | None = None,
    jobs: JobTaker | None = None,
    passwords: "Passwords | None" = None,
    with_console: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """Build the app; leave the console out for processes that only answer calls.

    Raises OfficeError, SealError, PromptError or TreeError before a call can come in.
    """
    base = office or Office.load(settings.office_file, settings.office_always_open)
    database = database or Database(
        settings.database_url,
        Keyring(settings.field_keys, settings.secret_key),
        settings.web_threads + 3,
        patience_seconds=BUSY_SECONDS,
    )
    watch = OfficeWatch(base, database)
    office = watch.start()
    prompts = Prompts.load(office.languages)
    flows = _whole_flows(office, database, prompts)

    app = Flask(__name__, static_folder=None)
    Door(settings).install(app)
    watch_for_proxies(app, settings, database, clock)
    hasher = hasher or PinHasher(settings.pin_pepper)
    jobs = jobs or Jobs(settings.queue_url)
    line = Line(
        database=database,
        office=office,
        rules=line_rules(office, database.keyring),
        prompts=prompts,
        flows=flows,
        guesses=Guesses(hasher, lambda calls: keep_pending(database, calls, clock())),
        jobs=jobs,
        clock=clock,
    )
    current = CurrentLine(line, watch, remake)
    # The creator of the app finds here what it must close at the end and what checks for changes.
    app.extensions["hotline.line"] = line
    app.extensions["hotline.current_line"] = current
    renderer = Renderer.of(prompts, office, settings.public_url)
    app.register_blueprint(voice_blueprint(current, renderer))
    app.register_blueprint(fallback_blueprint())
    app.register_blueprint(
        health_blueprint(settings, database, lambda: tree_problems(current().flows, prompts))
    )
    if with_console:
        # A process that only answers calls does not load it.
        from hotline.console.blueprint import NAVIGATION, install_console
        from hotline.console.shell.console import Console
        from hotline.console.shell.words import Words
        from hotline.console.sign_in.passwords import Passwords

        install_console(
            app,
            Console(
                settings=settings,
                database=database,
                standing_office=lambda: current().office,
                standing_rules=lambda: current().rules,
                office_settings=OfficeSettings(base, database, prompts, current.look),
                prompts=prompts,
                jobs=jobs,
                hasher=hasher,
                passwords=passwords or Passwords(),
                words=Words.load(),
                clock=clock,
                navigation=NAVIGATION,
            ),
        )
    if settings.carrier == "exchange":
        _point_to_exchange(app, settings)
    return app


def remake(line: Line, office: Office) -> Line:
    """Return the same line for a changed office. Raises TreeError if its trees would be incomplete."""
    return dataclasses.replace(
        line,
        office=office,
        rules=line_rules(office, line.database.keyring),
        flows=_whole_flows(office, line.database, line.prompts),
    )


def _whole_flows(office: Office, database: Database, prompts: Prompts) -> Mapping[str, Flow]:
    flows = build_flows(office, _longest_number(database))
    if faults := tree_problems(flows, prompts) + office_problems(office, prompts):
        raise TreeError(" ".join(faults))
    return flows


def _longest_number(database: Database) -> int:
    """How many digits case numbers have by now (R01); 0 when the database cannot say yet."""
    try:
        with database.reading() as session:
            return number_length(session)
    except SQLAlchemyError:
        # The database is missing or not migrated. /up/ready says so, and the office's setting applies.
        return 0


def line_rules(office: Office, keyring: Keyring) -> Rules:
    """The office in the terms of the call trees and the models, including the shared phones of callers."""
    return rules_of(office, frozenset(keyring.index("phone", number) for number in office.shared_phones))


def _point_to_exchange(app: Flask, settings: Settings) -> None:
    def exchange() -> Response:
        return redirect(f"http://127.0.0.1:{settings.exchange_port}/exchange/", code=302)

    exchange.guard = "open"  # type: ignore[attr-defined]
    app.add_url_rule("/exchange/", "exchange", exchange, strict_slashes=False)
