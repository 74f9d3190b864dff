"""What `hotline serve --demo` takes to start on a folder that it knows, and at rest."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

from tests.hotline.cli.test_serve import Serving, until

#: On a quiet machine: until the line answers, and over all processes until each is at rest.
MOST_READY_SECONDS, MOST_CPU_SECONDS = 3.0, 4.0
#: At rest, over all processes: proportional memory (MB), and how often threads wake up in a second. The
#: part of a core has no limit: the same passes take between 0.8 % and 11 % on one machine, by how cold its
#: caches are after a sleep.
MOST_MEMORY, MOST_WAKES = 400.0, 20.0
#: After this long each process has started and its first heartbeat and pass are done.
_SETTLED_SECONDS = 15.0


class Start(NamedTuple):
    """``ready`` and ``cpu`` in seconds, ``memory`` in MB.

    At rest: ``rest`` as a part of one core, ``wakes`` per second.
    """

    ready: float
    cpu: float
    memory: float
    rest: float
    wakes: float


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
            cpu, switches, measured = _cpu_seconds(serving), _switches(serving), time.monotonic()
            time.sleep(seconds)
            lasted = time.monotonic() - measured
            rest, wakes = (_cpu_seconds(serving) - cpu) / lasted, (_switches(serving) - switches) / lasted
            # Linux alone tells it; elsewhere it is not measured.
            memory = sum(getattr(p.memory_full_info(), "pss", 0) for p in serving.family()) / 2**20
        finally:
            serving.stops()
    found = Start(ready, cpu, memory, rest, wakes)
    click.echo(
        f"  ready in {found.ready:.2f} s, {found.cpu:.2f} s of processor time; "
        f"at rest {found.memory:.0f} MB, {found.rest:.2%} of a core and {found.wakes:.1f} wakes a second"
    )
    return found


def _cpu_seconds(serving: Serving) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in serving.family())


def _switches(serving: Serving) -> int:
    """How often the threads of all processes went to sleep so far. Linux alone tells it for each thread."""
    found = 0
    for process in serving.family():
        for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
            for line in status.read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    found += int(line.split()[1])
    return found
