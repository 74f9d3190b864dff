"""Whether this process lives, and whether the parts it depends on work. It never asks the carrier."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import redis
from flask import Blueprint, jsonify
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from config.settings import Settings
from models.overview.trouble import troubles
from models.store.database import Database
from models.store.guard import Guard
from models.store.schema import is_current
from workers.queue import write_for_trial

REDIS_TIMEOUT_SECONDS = 0.5
#: The rows take more than one page of SQLite's cache; and the default size of that cache.
ROWS_ON_SQLITE, SQLITE_CACHE = 300, -2000


class _TakenBackError(Exception):
    """Ends the transaction of a test write that must leave nothing behind."""


class Readiness:
    """Checks database, Redis and flows; each answer is a short reason, or None when it works."""

    def __init__(self, settings: Settings, database: Database, flow_faults: Callable[[], list[str]]) -> None:
        self._database = database
        self._flow_faults = flow_faults
        self._migrated = False
        self._redis = redis.Redis.from_url(
            settings.queue_url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )

    def faults(self) -> dict[str, str]:
        """Return what does not work, by name, with the reason. It contains nothing private."""
        asked = {
            "database": self._database_fault(),
            "redis": self._redis_fault(),
            "flows": self._flows_fault(),
        }
        return {name: fault for name, fault in asked.items() if fault is not None}

    def degraded(self) -> dict[str, str]:
        """Return what works less well than it should while callers are still answered, by name (R39)."""
        now = datetime.now(UTC)
        try:
            with self._database.reading() as session:
                return {one.title: one.told(now) for one in troubles(session, now)}
        except SQLAlchemyError:
            # ``faults`` names the database itself.
            return {}

    def _database_fault(self) -> str | None:
        try:
            with self._database.reading() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"not reachable ({type(error).__name__})"
        try:
            # Reading the revisions costs too much for a health check, and a schema does not go back.
            self._migrated = self._migrated or is_current(self._database)
            if not self._migrated:
                return "not of this release"
            write_and_take_back(self._database)
        except SQLAlchemyError as error:
            return f"cannot be written ({type(error).__name__})"
        return None

    def _redis_fault(self) -> str | None:
        try:
            self._redis.ping()
        except (redis.RedisError, OSError) as error:
            return f"not reachable ({type(error).__name__})"
        try:
            write_for_trial(self._redis)
        except (redis.RedisError, OSError) as error:
            return f"cannot be written ({type(error).__name__})"
        return None

    def _flows_fault(self) -> str | None:
        faults = self._flow_faults()
        return f"{len(faults)} faults; run `hotline flows check`" if faults else None


def write_and_take_back(database: Database) -> None:
    """Write and roll back, since a full disk still answers reads. Raises SQLAlchemyError."""
    with suppress(_TakenBackError), database.transaction() as session:
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        if on_sqlite:
            # With such a small cache SQLite writes pages to disk before the commit.
            session.execute(text("PRAGMA cache_size = 1"))
        try:
            session.execute(insert(Guard), _rows_of_no_use(ROWS_ON_SQLITE if on_sqlite else 1))
        finally:
            if on_sqlite:
                session.execute(text(f"PRAGMA cache_size = {SQLITE_CACHE}"))
        raise _TakenBackError


def _rows_of_no_use(count: int) -> list[dict[str, Any]]:
    name, now = f"ready {secrets.token_hex(8)}", datetime.now(UTC)
    return [{"name": f"{name} {n}", "raised_until": None, "measured_at": now} for n in range(count)]


def health_blueprint(
    settings: Settings, database: Database, flow_faults: Callable[[], list[str]]
) -> Blueprint:
    """GET /up (this process lives) and GET /up/ready (200, or 503 naming what does not work).

    A refusing account and a silent role are named too, and leave the status at 200.
    """
    blueprint = Blueprint("health", __name__)
    readiness = Readiness(settings, database, flow_faults)

    def up() -> Response:
        return jsonify(up=True)

    def ready() -> tuple[Response, int]:
        faults = readiness.faults()
        degraded = {} if "database" in faults else readiness.degraded()
        named = {"degraded": degraded} if degraded else {}
        return jsonify(ready=not faults, not_usable=faults, **named), 503 if faults else 200

    views: dict[str, Any] = {"/up": up, "/up/ready": ready}
    for path, view in views.items():
        # Anyone may ask: the answer names parts of the app, but none of its data.
        view.guard = "open"
        blueprint.add_url_rule(path, view_func=view, methods=["GET"])
    return blueprint
