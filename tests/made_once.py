"""What every hotline of the suite would make for itself with the same result: made once for all tests."""

import os
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import Engine, Pool, event
from werkzeug.routing import Rule

from config.office import Office
from hotline import app, trees
from ivr_flows.engine.flow import Flow
from ivr_flows.prompts import Prompts
from models.store import database


class KeptConnections:
    """Connections to the suite's PostgreSQL, which serve one hotline after the other.

    A server's process that knows no table yet plans each statement three times as slowly, and a hotline that
    serves for months has none.
    """

    #: PostgreSQL takes a hundred; a test may need as many of its own as half of them.
    MOST = 40

    def __init__(self) -> None:
        #: The database whose connections are kept, once it is migrated.
        self.url: str | None = None
        self._pid = os.getpid()
        self._pools: dict[Any, Pool] = {}
        self._open: dict[int, Any] = {}

    def takes_in(self, engine: Engine, url: str, kind: Any) -> None:
        """Give this engine the earlier connections of engines like it."""
        # A forked process that took them would speak on this one's sockets, and die without closing them.
        if url != self.url or os.getpid() != self._pid:
            return
        if (pool := self._pools.get(kind)) is not None:
            engine.pool = pool
            return
        pool = engine.pool

        def note(connection: Any, _record: Any) -> None:
            # Not before the first connection, which tells the engine's dialect about its server.
            self._pools.setdefault(kind, pool)
            self._open[connection.info.backend_pid] = connection

        event.listen(pool, "connect", note)

    def owns(self, pool: Pool) -> bool:
        """Whether the pool outlives its hotline."""
        return any(pool is one for one in self._pools.values())

    def process_ids(self) -> list[int]:
        """The server's processes behind the connections that wait for the next hotline."""
        self._open = {pid: one for pid, one in self._open.items() if not one.closed}
        return list(self._open)

    def lose_unless(self, living: Collection[int]) -> None:
        """Begin again when a test has ended one of them, still holds one, or has opened too many."""
        ours = self.process_ids()
        are_whole = set(ours) <= set(living) and not any(pool.checkedout() for pool in self._pools.values())
        if not are_whole or len(ours) > self.MOST:
            self.lose()

    def lose(self) -> None:
        """Close all that no test holds."""
        pools, self._pools, self._open = list(self._pools.values()), {}, {}
        for pool in pools:
            pool.dispose()


KEPT = KeptConnections()


def share(patch: pytest.MonkeyPatch) -> None:
    """Let all hotlines of this process share their trees, compiled statements and addresses."""
    _share_statements(patch)
    _share_connections(patch)
    _share_addresses(patch)
    _share_trees(patch)


def _share_statements(patch: pytest.MonkeyPatch) -> None:
    """Compile a statement once for each kind of engine, as a process that serves for months does."""
    make = database._engine
    connected: dict[tuple[str, database.Use, float | None], Engine] = {}

    def make_one(url: str, pool_size: int, patience: float | None, use: database.Use) -> Engine:
        engine = make(url, pool_size, patience, use)
        # A dialect knows how long its connections wait.
        kind = (engine.dialect.name, use, patience)
        if (first := connected.get(kind)) is not None:
            # The shared dialect knows its server, and a guarded one lets nothing but turns ask it again.
            engine.dialect.initialize = lambda _connection: None  # type: ignore[method-assign]
            engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        else:
            # A dialect learns about its server from the first connection.
            event.listen(engine, "connect", lambda _connection, _record: connected.setdefault(kind, engine))
        KEPT.takes_in(engine, url, (pool_size, patience, use))
        return engine

    patch.setattr(database, "_engine", make_one)


def _share_connections(patch: pytest.MonkeyPatch) -> None:
    """Let a hotline that is closed leave its connections to the next one."""
    dispose = Engine.dispose

    def leave(self: Engine, close: bool = True) -> None:
        if not KEPT.owns(self.pool):
            dispose(self, close)

    patch.setattr(Engine, "dispose", leave)


def _share_addresses(patch: pytest.MonkeyPatch) -> None:
    """Compile each address of the hotline once; each app has about a hundred and forty."""
    compiled: dict[Any, Rule] = {}
    make = Rule.compile

    def compile_once(self: Rule) -> None:
        key = (self.rule, self.host, self.subdomain, self.merge_slashes)
        if self.defaults or (first := compiled.get(key)) is None:
            make(self)
            if not self.defaults:
                compiled[key] = self
            return
        self._parts, self._trace, self._converters = first._parts, first._trace, first._converters
        self.arguments = first.arguments
        # Each is bound to its own rule.
        self._build = first._build.__func__.__get__(self)  # type: ignore[attr-defined]
        self._build_unknown = first._build_unknown.__func__.__get__(self)  # type: ignore[attr-defined]

    patch.setattr(Rule, "compile", compile_once)


def _share_trees(patch: pytest.MonkeyPatch) -> None:
    """Build and check the trees once for all offices with the same languages, services and digits."""
    whole: dict[Any, Mapping[str, Flow]] = {}

    def build(office: Office, case_digits: int = 0) -> Mapping[str, Flow]:
        services = tuple(service.key for service in office.services)
        digits = office.policies["case_number_digits"].value, case_digits
        key = (office.languages, services, office.partner is not None, *digits)
        if key not in whole:
            whole[key] = MappingProxyType(trees.build_flows(office, case_digits))
        return whole[key]

    checked: dict[tuple[int, ...], tuple[object, list[str]]] = {}

    def problems(flows: Mapping[str, Flow], prompts: Prompts) -> list[str]:
        if not any(flows is ours for ours in whole.values()):
            return trees.tree_problems(flows, prompts)
        languages = list(prompts.languages.values())
        key = (id(flows), *map(id, languages))
        if key not in checked:
            # With its languages, so that their ids stay theirs.
            checked[key] = languages, trees.tree_problems(flows, prompts)
        return checked[key][1]

    patch.setattr(app, "build_flows", build)
    patch.setattr(app, "tree_problems", problems)
