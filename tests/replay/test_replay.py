"""A small month of notices in the suite; `python -m tests.replay` is a large one."""

import pytest

from config.settings import Settings
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.replay.begin import begun
from tests.replay.verdict import judge


@ON_SQLITE
@pytest.mark.timeout(300)
def test_month_of_a_feed_reaches_everybody_as_they_wished(database: Database, settings: Settings) -> None:
    with begun(database, settings, 30, days=8, seed=0, busy=1.0, whole=1.0) as replay:
        replay.passes()
        verdict = judge(replay)

    assert not verdict.broken, verdict.table()
    assert verdict.counts["of these urgent"] != 0
