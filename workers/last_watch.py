"""Sends pages from a process that answers callers, when no other process is there to do it (R39)."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from config.office import Office
from config.settings import Settings
from models.calls.alert_sending import unsent_alerts
from models.overview.trouble import page_troubles
from models.staff.alert import Alert
from models.store.database import Database
from models.store.heartbeat import is_silent
from workers.alerts import AlertCarrier, AlertSender
from workers.carrier import Carrier
from workers.office_rules import policies_of
from workers.office_watch import OfficeWatch

log = logging.getLogger(__name__)

#: A live worker sends a page at once; after this long, none is alive.
_LEFT_ALONE = timedelta(seconds=5)
_AT_ONCE = 10
#: The longest wait for the carrier here: the next beat is due.
_MOST_SECONDS = 5.0


def keep_last_watch(settings: Settings, database: Database) -> Callable[[], None]:
    """A check of the current office and roles, to run after each heartbeat of a process."""
    offices = OfficeWatch(Office.load(settings.office_file, settings.office_always_open), database)
    carrier = Carrier(settings, offices.start().lines[0], _MOST_SECONDS)
    watch = LastWatch(database, carrier, time.sleep)

    def look() -> None:
        offices.look()
        watch.look(offices.office, datetime.now(UTC))

    return look


class LastWatch:
    """While the sweeper is silent, this creates its pages and sends those that no worker has sent."""

    def __init__(self, database: Database, carrier: AlertCarrier, wait: Callable[[float], None]) -> None:
        self._database, self._carrier, self._wait = database, carrier, wait

    def look(self, office: Office, now: datetime) -> None:
        """One check after each heartbeat; several processes send each page only once."""
        with self._database.reading() as session:
            if not is_silent(session, "sweeper", now):
                return
        with self._database.transaction() as session:
            page_troubles(session, now, policies_of(office), office.is_open(now))
        with self._database.reading() as session:
            unsent = unsent_alerts(session, now, _AT_ONCE)
            made = select(Alert.id).where(Alert.id.in_(unsent), Alert.made_at <= now - _LEFT_ALONE)
            left = session.scalars(made.order_by(Alert.id)).all()
        for alert_id in left:
            log.warning("No worker sends a page; this process does.", extra={"alert_id": alert_id})
            AlertSender(self._database, self._carrier, office, lambda: now, self._wait).send(alert_id)
