"""Ties a process's life to its parent's, so that no process is left behind when a supervisor is killed."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int = 0) -> None:
    """From now on this process is killed when the thread that started it ends.

    ``parent`` is the process that should be the parent, if known: a parent that died before this call is then
    noticed at once. On Linux the kernel does this, even after this process executes another program.
    Elsewhere a thread checks once a second, and ``kill_strays`` handles a process that executed another
    program.
    """
    now = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(now,), daemon=True).start()
    if os.getppid() != (parent or now):
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def started_at(pid: int) -> str | None:
    """A process's start time as a text, which tells apart processes with the same id; None if it is gone."""
    if sys.platform == "linux":
        try:
            # The name may contain spaces and brackets; the fields after the last bracket contain none.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    told = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or None


def record(path: Path) -> None:
    """Write down this process, for ``kill_strays``."""
    path.write_text(f"{os.getpid()} {started_at(os.getpid())}\n")


def show_as(command: str) -> None:
    """Let ``ps`` show a forked process as ``command``, cut to the length of its previous command line.

    Only Linux says where the command line is in memory. Elsewhere this does nothing.
    """
    if sys.platform != "linux":
        return
    begin, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])
    # Without a final zero byte the kernel would read on past the command line.
    ctypes.memmove(begin, command.encode()[: end - begin - 1].ljust(end - begin, b"\0"), end - begin)


def kill_strays(folder: Path, wait_seconds: float = 5.0) -> bool:
    """Kill every process recorded in ``folder`` that still runs, and wait until each is gone.

    Returns whether there was any record. If so, the last run did not shut down cleanly.
    """
    records = sorted(folder.glob("*.pid"))
    strays = []
    for path in records:
        with contextlib.suppress(OSError, ValueError):
            pid, _, start = path.read_text().strip().partition(" ")
            if start and started_at(int(pid)) == start:
                os.kill(int(pid), signal.SIGKILL)
                strays.append((int(pid), start))
        path.unlink(missing_ok=True)
    until = time.monotonic() + wait_seconds
    while any(started_at(pid) == start for pid, start in strays) and time.monotonic() < until:
        time.sleep(0.01)
    return bool(records)
