"""The `webmon` command as a shell runs it, without the second in which Python loads its code.

A server that has loaded the code forks for each command: a process of its own, with its own
environment, streams and exit status, in a tenth of the time.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from webmon import cli, config

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("tests.command", "alembic.command", "webmon.commands.schema", "workers.scheduler"),
        *("webmon.commands.accounts.users", "webmon.commands.config_file.apply"),
    ]
)


def run_command(
    arguments: tuple[str, ...], variables: dict[str, str], text: str = "", seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `webmon` with these ``arguments``, this environment and ``text`` as its input.

    Raises:
        subprocess.TimeoutExpired: it had not ended after ``seconds``, and was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(text)
        process = FORKS.Process(target=_become, args=(arguments, variables, streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["webmon", *arguments], seconds)
        said = [each.read_text() for each in streams[1:]]
        return subprocess.CompletedProcess(["webmon", *arguments], process.exitcode, *said)


def _become(arguments: tuple[str, ...], variables: dict[str, str], streams: list[Path]) -> None:
    """In the new process: be the command."""
    for number, (path, mode) in enumerate(zip(streams, "rww", strict=True)):
        with path.open(mode) as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(config.ROOT)
    sys.argv = ["webmon", *arguments]
    cli.main()
