"""A process that a test kills: a copy of the test's own, because a new interpreter needs a second."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from typing import Any

#: Of no database of the suite: a copy with a pool of this size takes no connection of the test's own process.
POOL_SIZE = 4


def started(work: Callable[..., object], *args: Any) -> ForkProcess:
    """Start ``work`` in a copy of this process."""
    process = multiprocessing.get_context("fork").Process(target=work, args=args)
    process.start()
    return process
