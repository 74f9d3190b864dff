"""What a worker rehearses before its first job leaves nothing behind, and need not succeed."""

from sqlalchemy import func, select

from config.office import Office
from models import AuditEntry, Base
from models.database import Database
from models.keyring import Keyring
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import make_callback, make_case, make_staff
from workers.rehearsal import rehearse


def _rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.tables.values()
        }


def test_a_rehearsal_leaves_no_row_and_no_connection(database: Database, office: Office) -> None:
    with database.transaction() as session:
        make_staff(session)
        make_callback(session, make_case(session))
    before = _rows(database)

    rehearse(database, office)

    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert _rows(database) == before
    with database.reading() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["open_case"]


def test_a_database_that_is_not_there_yet_stops_no_worker(office: Office) -> None:
    for url in ("sqlite:////nowhere/hotline.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY), pool_size=1)
        rehearse(database, office)
        database.close()
