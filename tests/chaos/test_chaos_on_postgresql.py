"""The small storm on PostgreSQL, in a file of its own so that both run at the same time."""

from pathlib import Path

import pytest

from tests.chaos.storm import small_storm, told


@pytest.mark.timeout(300)
def test_every_promise_is_kept_while_postgresql_is_restarted_too(tmp_path: Path) -> None:
    storm = small_storm("postgresql", restarts=1)

    verdict, _ = storm.passes(tmp_path)

    assert not verdict.broken, told(storm, verdict)
    assert verdict.counts["reached"] > 0
