"""What every house of the suite would make for itself and comes out the same: made once for all tests."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event
from werkzeug.routing import Rule

from models import database


def share(patch: pytest.MonkeyPatch) -> None:
    """Let all houses of this process share their compiled statements and the builders of their addresses."""
    _share_statements(patch)
    _share_addresses(patch)


def _share_statements(patch: pytest.MonkeyPatch) -> None:
    """Compile a statement once for each kind of engine, as a process that serves for months does."""
    make = database._engine
    connected: dict[tuple[str, bool, float | None], Engine] = {}

    def make_one(url: str, pool_size: int, patience: float | None, *, singly: bool = False) -> Engine:
        engine = make(url, pool_size, patience, singly=singly)
        # A dialect knows how long its connections wait.
        kind = (engine.dialect.name, singly, patience)
        if (first := connected.get(kind)) is not None:
            engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        else:
            # What a dialect knows of its server it learns by the first connection.
            event.listen(engine, "connect", lambda _connection, _record: connected.setdefault(kind, engine))
        return engine

    patch.setattr(database, "_engine", make_one)


def _share_addresses(patch: pytest.MonkeyPatch) -> None:
    """Compile once what puts an address of the house together; each app has some hundred and forty."""
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}
    make = Rule._compile_builder

    def make_once(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return make(self, append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in compiled:
            compiled[key] = make(self, append_unknown)
        return compiled[key]

    patch.setattr(Rule, "_compile_builder", make_once)
