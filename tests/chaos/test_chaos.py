"""A small storm in the suite: no promise is lost while the programs are killed; `make chaos` is large."""

from pathlib import Path

import pytest

from tests.chaos.storm import small_storm, told


@pytest.mark.timeout(300)
def test_every_promise_is_kept_while_everything_is_killed(tmp_path: Path) -> None:
    storm = small_storm("sqlite", restarts=0)

    verdict, _ = storm.passes(tmp_path)

    assert not verdict.broken, told(storm, verdict)
    assert verdict.counts["reached"] > 0
