"""supervisord in a process forked from `serve`, which forks each program of ours from itself.

`serve` has read every module by then. A forked program shares that memory, and neither it nor its replacement
reads them again.
"""

import gc
import os
import runpy
import shlex
import signal
import sys
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, NoReturn, TextIO

from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import go

from config.parent import end_with_parent, record, show_as
from config.settings import Settings
from hotline.cli.command import context

#: The name of the supervisor's own record in the folder of run files.
RECORD = "supervisord-tied"


def preload(settings: Settings) -> None:
    """Import the modules that the programs will need, once for all of them."""
    import granian.server  # noqa: F401
    import twilio.rest.api.v2010  # noqa: F401 - else the client imports it at its first request

    import hotline.cli.events
    import hotline.cli.intake
    import hotline.cli.serving.console
    import hotline.cli.serving.server
    import hotline.cli.sweeper
    import hotline.cli.web
    import hotline.cli.worker
    import hotline.events.application
    import workers.__main__
    import workers.feed
    import workers.sweeper  # noqa: F401

    if settings.carrier == "exchange":
        import hotline.exchange.command  # noqa: F401
    # The collector would write to each object that it inspects, and so copy the shared memory.
    gc.freeze()
    gc.enable()


def start_supervisor(run: Path, config: Path, environ: dict[str, str]) -> tuple[ForkProcess, TextIO]:
    """Start supervisord with its file; return its process and a stream of its and its programs' output.

    No thread and no connection may be open now: each program begins as a copy of this process.
    """
    read, write = os.pipe()
    supervisor = get_context("fork").Process(
        target=_supervise, args=(run, config, environ, os.getpid(), write)
    )
    supervisor.start()
    os.close(write)
    return supervisor, os.fdopen(read, errors="replace")


def _supervise(run: Path, config: Path, environ: dict[str, str], parent: int, output: int) -> None:
    # Ctrl-C goes to a terminal's whole group, and supervisord must end the programs in order.
    os.setsid()
    end_with_parent(parent)
    record(run / f"{RECORD}.pid")
    for stream in (1, 2):
        os.dup2(output, stream)
    context.take_environment(environ)
    show_as(f"supervisord -c {config}")
    is_first = True
    while True:
        options = _Options(run)
        options.realize(["-c", str(config)], doc=__doc__)
        options.first, options.test = is_first, False
        go(options)
        options.close_httpservers()
        options.close_logger()
        if options.mood < SupervisorStates.RESTARTING:
            return
        is_first = False


class _Options(ServerOptions):  # type: ignore[misc]
    """supervisord's options. Only the last step of a start differs: what a forked child becomes."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._run, self._supervisor = run, os.getpid()

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        """Become a program: tied to the supervisor, recorded for the next start. Never returns."""
        # First of all: supervisord's own handlers would swallow a signal to end.
        _drop_handlers()
        end_with_parent(self._supervisor)
        record(self._run / f"{env['SUPERVISOR_PROCESS_NAME']}.pid")
        if filename == sys.executable and argv[1] == "-m":
            _run_module(argv, env)
        super().execve(filename, argv, env)


def _drop_handlers() -> None:
    """Reset supervisord's signal handlers; a new program would have none."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _run_module(argv: list[str], env: dict[str, str]) -> NoReturn:
    """Do in this process what ``python -m MODULE ARGUMENTS...`` does in a new one, and end."""
    context.take_environment(env)
    context.is_checked = True
    show_as(shlex.join([Path(argv[0]).name, *argv[1:]]))
    sys.argv = argv[2:]
    code: Any = 1
    try:
        runpy.run_module(argv[2], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - the hook logs it, as at the end of any program
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)
