"""Whether this process lives, and whether what it stands on can be used. The carrier is never asked."""

from collections.abc import Callable
from typing import Any

import redis
from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from config.settings import Settings
from models.database import Database
from models.migrate import is_current

REDIS_TIMEOUT_SECONDS = 0.5


class Readiness:
    """Asks database, Redis and flows; each answer is a short reason, or None when it is usable."""

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
        """What cannot be used, by name, with the reason; it holds nothing private."""
        asked = {
            "database": self._database_fault(),
            "redis": self._redis_fault(),
            "flows": self._flows_fault(),
        }
        return {name: fault for name, fault in asked.items() if fault is not None}

    def _database_fault(self) -> str | None:
        try:
            with self._database.reading() as session:
                session.execute(text("SELECT 1"))
            # Reading the revisions costs more than a health check should; a schema does not go back.
            self._migrated = self._migrated or is_current(self._database)
        except SQLAlchemyError as error:
            return f"not reachable ({type(error).__name__})"
        return None if self._migrated else "not of this release"

    def _redis_fault(self) -> str | None:
        try:
            self._redis.ping()
        except (redis.RedisError, OSError) as error:
            return f"not reachable ({type(error).__name__})"
        return None

    def _flows_fault(self) -> str | None:
        faults = self._flow_faults()
        return f"{len(faults)} faults; run `hotline flows check`" if faults else None


def health_blueprint(
    settings: Settings, database: Database, flow_faults: Callable[[], list[str]]
) -> Blueprint:
    """GET /up (this process lives) and GET /up/ready (200, or 503 naming what is not usable)."""
    blueprint = Blueprint("health", __name__)
    readiness = Readiness(settings, database, flow_faults)

    def up() -> Response:
        return jsonify(up=True)

    def ready() -> tuple[Response, int]:
        faults = readiness.faults()
        return jsonify(ready=not faults, not_usable=faults), 503 if faults else 200

    views: dict[str, Any] = {"/up": up, "/up/ready": ready}
    for path, view in views.items():
        # Anyone may ask: the answer names parts of the house, and nothing that is in it.
        view.guard = "open"
        blueprint.add_url_rule(path, view_func=view, methods=["GET"])
    return blueprint
