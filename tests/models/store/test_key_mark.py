"""The marks of a database's keys: the processes of a first start make them side by side."""

import threading

from sqlalchemy import insert

from models.store.base import table_of
from models.store.database import Database
from models.store.key_mark import KeyMark, mark_keys, other_keys
from tests.conftest import ON_BOTH

#: Enough that a set of them has another order than they have themselves.
KEYS = {f"HOTLINE_FIELD_KEYS k{n:02d}": bytes([n]) * 32 for n in range(12)}


@ON_BOTH
def test_two_processes_that_mark_the_keys_at_once_both_start(database: Database) -> None:
    """Each waited for a mark of the other's: one of the roles ended with an error at its first start."""
    names = sorted(KEYS)
    ended: list[list[str] | Exception] = []

    def starts() -> None:
        try:
            ended.append(mark_keys(database, KEYS))
        except Exception as fault:  # noqa: BLE001
            ended.append(fault)

    other = threading.Thread(target=starts)
    with database.transaction() as session:
        session.execute(insert(table_of(KeyMark)).values(name=names[0], mark="m"))
        other.start()
        other.join(0.5)
        session.execute(insert(table_of(KeyMark)), [{"name": name, "mark": "m"} for name in names[1:]])
    other.join(20)

    assert ended == [names]
    with database.reading() as session:
        assert other_keys(session, KEYS) == names
