"""What `hotline serve --demo` takes to start on a folder that it knows, and at rest."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

from tests.hotline.cli.test_serve import Serving, until

#: On a quiet machine: until the line answers, and over all processes until each is at rest.
MOST_READY_SECONDS, MOST_CPU_SECONDS = 3.0, 4.0
#: At rest, over all processes: proportional memory (MB), and the part of one core.
MOST_MEMORY, MOST_REST = 400.0, 0.01
#: After this long each process has started and its first heartbeat and pass are done.
_SETTLED_SECONDS = 15.0


class Start(NamedTuple):
    """``ready`` and ``cpu`` in seconds, ``memory`` in MB, ``rest`` as a part of one core."""

    ready: float
    cpu: float
    memory: float
    rest: float


def start(seconds: float) -> Start:
    """Start the line on a folder that it knows, and watch it for ``seconds`` at rest."""
    with tempfile.TemporaryDirectory(prefix="hb-") as folder:
        data = Path(folder) / "var"
        Serving(data, None, "--demo").waits_until_ready().stops()
        began = time.monotonic()
        serving = Serving(data, None, "--demo")
        try:
            until(lambda: "The line answers at" in serving.printed, "the line")
            ready = time.monotonic() - began
            time.sleep(_SETTLED_SECONDS)
            cpu, measured = _cpu_seconds(serving), time.monotonic()
            time.sleep(seconds)
            rest = (_cpu_seconds(serving) - cpu) / (time.monotonic() - measured)
            # Linux alone tells it; elsewhere it is not measured.
            memory = sum(getattr(p.memory_full_info(), "pss", 0) for p in serving.family()) / 2**20
        finally:
            serving.stops()
    found = Start(ready, cpu, memory, rest)
    click.echo(
        f"  ready in {found.ready:.2f} s, {found.cpu:.2f} s of processor time; "
        f"at rest {found.memory:.0f} MB and {found.rest:.2%} of a core"
    )
    return found


def _cpu_seconds(serving: Serving) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in serving.family())
