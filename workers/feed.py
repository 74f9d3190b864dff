"""Watches the feed's folder, in the process of `hotline intake` (R16).

Not in the sweeper: a file of 250,000 rows takes half a minute, and each pass of the sweeper must be short,
since callers wait for what it repairs. In `hotline intake` no caller waits, and it lands the console's files
too.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from config.office import Office
from config.settings import Settings
from models.custody.feed.folder import FeedFolder
from models.custody.feed.manifest import FeedKeyError, read_keys
from models.custody.feed.watch import FeedWatch
from models.staff.alert import FEED_STOPPED, tell_supervisors
from models.staff.paging import take_page
from models.store.database import Database, is_busy
from models.store.refusal import RefusedError
from workers.office_rules import import_rules_of, policies_of
from workers.office_watch import OfficeWatch

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
#: After a fault: the same batch would fail again at once, and each try is an import on record.
PATIENCE_SECONDS = 60.0


def watch_folder(
    settings: Settings, database: Database, say: Callable[[RefusedError], str], stop: threading.Event
) -> None:
    """Look at the folder every two seconds until told to stop; after a fault, a minute later.

    ``say`` has the words of a refusal.
    """
    if settings.feed_dir is None:
        return
    office = OfficeWatch(Office.load(settings.office_file, settings.office_always_open), database)
    office.start()
    seconds = LOOK_SECONDS
    while not stop.wait(seconds):
        seconds = PATIENCE_SECONDS
        office.look()
        try:
            look(settings, database, office.office, datetime.now(UTC), say)
            seconds = LOOK_SECONDS
            continue
        except FeedKeyError as error:
            # Its sentence is our own; the log would name an exception by class and place alone.
            log.error("No batch is taken: %s", str(error))  # noqa: TRY400
        except OSError as error:
            # Its message would name files.
            log.error("The feed's folder cannot be used (%s).", error.strerror)  # noqa: TRY400
        except Exception as error:
            log.exception("The feed's folder could not be looked at.")
            if is_busy(error):
                # Others tell of a database that is away; after its restart or a lost race all is well again.
                continue
        _page(database, office.office, datetime.now(UTC))


def _page(database: Database, office: Office, now: datetime) -> None:
    """Tell supervisors that no batch can be taken: what the feed says meanwhile reaches nobody."""
    try:
        with database.transaction() as session:
            if take_page(session, FEED_STOPPED, now, policies_of(office).trouble_page_minutes):
                tell_supervisors(session, FEED_STOPPED, 1, now, office.is_open(now))
    except SQLAlchemyError:
        log.exception("Nobody could be told of it.")


def look(
    settings: Settings, database: Database, office: Office, now: datetime, say: Callable[[RefusedError], str]
) -> None:
    """One look at the folder of ``feed_dir``. Raises FeedKeyError and OSError."""
    if settings.feed_dir is None or settings.feed_key_file is None:
        return
    policies = policies_of(office)
    FeedWatch(
        database=database,
        folder=FeedFolder(settings.feed_dir),
        # Read at each look, so that a new key needs no restart.
        keys=read_keys(settings.feed_key_file.read_bytes()),
        rules=import_rules_of(office, policies),
        policies=policies,
        is_open=office.is_open(now),
        say=say,
    ).look(now)
