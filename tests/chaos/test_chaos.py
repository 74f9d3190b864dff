"""Small storms in the suite: no promise is lost while the programs are killed; `make chaos` is large."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chaos.storm import small_storm, told


@pytest.mark.timeout(300)
def test_every_promise_is_kept_while_everything_is_killed_and_postgresql_is_restarted(tmp_path: Path) -> None:
    """Both storms at the same time: each waits for a minute or two until the line has found what it lost."""
    storms = small_storm("sqlite", restarts=0), small_storm("postgresql", restarts=1)
    folders = tmp_path / "sqlite", tmp_path / "postgresql"
    for folder in folders:
        folder.mkdir()

    with ThreadPoolExecutor() as both:
        verdicts = [
            verdict for verdict, _ in both.map(lambda storm, folder: storm.passes(folder), storms, folders)
        ]

    for storm, verdict in zip(storms, verdicts, strict=True):
        assert not verdict.broken, told(storm, verdict)
        assert verdict.counts["reached"] > 0
