"""A session of the console for a test that is not about signing in."""

import json
from datetime import datetime
from typing import Any

from hotline.console.shell.cookie import PURPOSE
from models.staff.staff_session import begin_session
from models.store.database import Database


def cookie_of(database: Database, staff_id: int, now: datetime, **held: Any) -> str:
    """The cookie of a browser in which this person has just signed in."""
    with database.transaction() as session:
        token = begin_session(session, staff_id, method="password", browser="Test browser", hours=12, now=now)
    return database.keyring.seal(PURPOSE, json.dumps({"token": token, **held}))
