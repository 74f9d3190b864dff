"""What a worker makes before its first job keeps no connection, and needs no database yet."""

import dataclasses
from collections.abc import Iterator

import pytest

from config.settings import Settings
from workers import callbacks
from workers.equipment import equip


@pytest.fixture(autouse=True)
def _unequipped_afterwards() -> Iterator[None]:
    yield
    callbacks._equipment.clear()


def test_worker_shares_no_connection_with_its_jobs(blank_database_url: str, settings: Settings) -> None:
    equip(dataclasses.replace(settings, database_url=blank_database_url))

    (dialler, _watch) = callbacks._equipment[-1]
    assert dialler._database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/hotline.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"]
)
def test_worker_starts_before_its_database(settings: Settings, url: str) -> None:
    equip(dataclasses.replace(settings, database_url=url))
