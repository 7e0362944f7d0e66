"""Run Reflex, which runs npm and Vite."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from webmon import config
from webmon.errors import WebmonError
from webmon.frontend.builds import workshop
from webmon.frontend.progress import Progress

EXPORT = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
EXPORT += ["--loglevel", "debug"]
REGISTRY = ["npm", "config", "get", "registry"]

LINES_SHOWN = 15
NOISE = ("npm silly", "npm verbose", "npm http", "npm info", "[timing]", "--loglevel debug")

MEMORY_MB = 600
"""What a build needs at its peak, all its processes together (measured: 592)."""

KILLED = f"killed, probably for lack of memory ({MEMORY_MB} MB needed)"
WAS_KILLED = re.compile(r"exit code (-9|137|247)\b|heap out of memory|\bSIGKILL\b")
"""What Reflex and Node say when the system, or Node itself, has ended a tool."""


class BuildFailed(WebmonError):
    """A tool gave up; the text names its log and shows the end of it."""


def export(site: str, progress: Progress, *, keep_open: int) -> None:
    """Run Reflex: its output goes into a log, its progress onto ours.

    It inherits the descriptor ``keep_open``, and ends with us where we are interrupted.

    Raises:
        BuildFailed: with what it said last.
    """
    log = workshop(site).with_suffix(".log")
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            EXPORT,
            cwd=config.ROOT,
            env=_environment(site),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            pass_fds=[keep_open],
        ) as process,
    ):
        assert process.stdout
        try:
            for line in process.stdout:
                output.write(line)
                progress.heard(site, line)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    progress.step_done()
    if process.returncode:
        raise BuildFailed(_why(site, log, process.returncode))


def _why(site: str, log: Path, status: int) -> str:
    lines = [
        line.rstrip()
        for line in log.read_text("utf-8").splitlines()
        if line.strip() and not any(noise in line for noise in NOISE)
    ]
    name = log.relative_to(config.ROOT)
    if status == -signal.SIGKILL or any(map(WAS_KILLED.search, lines[-LINES_SHOWN:])):
        return f"the {site} site could not be built: {KILLED}; {name} has all that was said"
    end = "\n".join(f"    {line}" for line in lines[-LINES_SHOWN:])
    return f"the {site} site could not be built; the end of {name} says:\n{end}"


def _environment(site: str) -> dict[str, str]:
    """With what keeps npm quiet, and the addresses of registries out of the lock files."""
    bin_folder = Path(sys.executable).parent
    tools = config.environment(
        WEBMON_FRONTEND=site,
        PATH=f"{bin_folder}:{config.environment().get('PATH', '')}",
        REFLEX_WEB_WORKDIR=str(workshop(site)),
        REFLEX_USE_NPM="true",
        REFLEX_TELEMETRY_ENABLED="false",
        REFLEX_CHECK_LATEST_VERSION="false",
        COLUMNS="200",  # no line of a log is broken
        npm_config_audit="false",
        npm_config_fund="false",
        npm_config_update_notifier="false",
        npm_config_omit_lockfile_registry_resolved="true",
    )
    # Reflex would otherwise measure which of several registries answers first.
    registry = subprocess.run(REGISTRY, env=tools, capture_output=True, text=True, check=False)
    return tools | {"NPM_CONFIG_REGISTRY": registry.stdout.strip()}
