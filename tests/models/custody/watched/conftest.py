"""Fixtures of the tests of the watched folder."""

from pathlib import Path

import pytest

from tests.models.custody.watched.batches import Sender


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    """A sender with an empty folder."""
    folder = tmp_path / "feed"
    folder.mkdir()
    return Sender(folder)
