"""`hotline` commands in a copy of the test's process: they end as a program does, and read no module anew."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from hotline.cli import main
from hotline.cli.command.context import take_environment
from tests import killed


def run(
    words: Sequence[str], environ: Mapping[str, str], patience: float = 60
) -> subprocess.CompletedProcess[str]:
    """What `hotline WORDS` printed and how it ended; one that has not ended by then is killed (code -9)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = killed.started(_work, list(words), dict(environ), out, err)
        process.join(patience)
        process.kill()
        process.join()
        code = process.exitcode
        process.close()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, int(code or 0), out.read().decode(), err.read().decode())


def _work(words: list[str], environ: dict[str, str], out: BinaryIO, err: BinaryIO) -> None:
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    # Those of the test are pytest's, which keeps what is written.
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    take_environment(environ)
    main(words)
