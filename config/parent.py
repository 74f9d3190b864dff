"""Ties a process's life to its parent's, so that nothing is left behind when a supervisor is killed."""

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

    ``parent`` is the process that should be the parent, where it is known: one that died before this
    call is noticed at once. Linux does this in the kernel, and it survives becoming another program;
    elsewhere a thread looks once a second, and what became another program is left to ``kill_strays``.
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
    """When a process started, as a text that tells it from a later one with its id; None when it is gone."""
    if sys.platform == "linux":
        try:
            # The name may hold spaces and brackets; what follows the last bracket does not.
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
    """Let ``ps`` show a forked process as ``command``, cut to the length of what it showed before.

    Only Linux tells where those words are in memory; elsewhere nothing is done.
    """
    if sys.platform != "linux":
        return
    begin, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])
    # Without a last zero the kernel would go on reading behind the words.
    ctypes.memmove(begin, command.encode()[: end - begin - 1].ljust(end - begin, b"\0"), end - begin)


def kill_strays(folder: Path, wait_seconds: float = 5.0) -> bool:
    """Kill every process recorded in ``folder`` that still runs, and wait until each is gone.

    Returns whether there was any record, which tells that the last run did not end by itself.
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
