"""The finished builds: which one is served, and how a new one takes its place.

Each is a folder of its own in `.web/builds`; a link named after the site leads to the current one.
What is served is never changed: a new build gets another folder, and then the link is replaced. A
web process holds the folders that it serves, and goes on with them until it ends.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from webmon import clock, config
from webmon.frontend.sources import fingerprint

NEEDED = ("build/client", "backend", "env.json", "reflex.json", "routes.json")
"""What a web process reads of what Reflex makes."""

KEPT_SECONDS = 30 * 24 * 3600
"""For so long a page that is open in a browser finds the files of the build that it came from."""

_held: dict[str, tuple[Path, int]] = {}
"""The folders that this process serves, and the open descriptors that keep them."""


def workshop(site: str) -> Path:
    """Where Reflex, npm and Vite work on a site."""
    return config.ROOT / ".web" / site


def folder(site: str) -> Path:
    """The finished build that is served; the one that is held, where this process holds one."""
    if site in _held:
        return _held[site][0]
    return _link(site).resolve()


def static_dir(site: str) -> Path:
    """The folder with the built files of a site."""
    return folder(site) / "build" / "client"


def is_there(site: str) -> bool:
    """Whether there is a finished build."""
    return (_link(site) / "build" / "client").is_dir()


def is_current(site: str) -> bool:
    """Whether the finished build is of the present sources."""
    return is_there(site) and _link(site).resolve().name.startswith(build_name(site))


def hold(site: str) -> Path:
    """The finished build of a site, which stays as it is for as long as this process lives."""
    while True:
        found = _link(site).resolve()
        descriptor = os.open(found, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if found == _link(site).resolve():
            _held[site] = found, descriptor
            return found
        os.close(descriptor)  # another build has taken its place just now


def publish(site: str, name: str) -> None:
    """Let what is in the workshop take the place of the present build, at once.

    ``name`` is what `build_name` was before that was made: sources may have changed meanwhile.
    """
    builds = _builds()
    builds.mkdir(exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=name, dir=builds))
    for name in NEEDED:
        source, target = workshop(site) / name, new / name
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy2(source, target)
    _keep_old_assets(static_dir(site), new / "build" / "client")
    for each in (builds.parent, builds, new, *new.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)  # another account may serve it
    draft = builds / f"{new.name}.link"
    draft.symlink_to(new.name)
    draft.replace(_link(site))
    _remove_unused(site)


def _keep_old_assets(old: Path, new: Path) -> None:
    """Add what older pages load later. The names say what is inside, so none is replaced."""
    oldest = clock.utcnow().timestamp() - KEPT_SECONDS
    for file in old.rglob("assets/*"):
        target = new / file.relative_to(old)
        if file.is_file() and not target.exists() and file.stat().st_mtime > oldest:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)


def _remove_unused(site: str) -> None:
    """Delete the builds that nobody serves any more."""
    present = _link(site).resolve()
    for each in _builds().glob(f"{site}-*"):
        if each == present or each.is_symlink():
            continue
        descriptor = os.open(each, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(each)
        except BlockingIOError:
            pass  # a web process serves it
        finally:
            os.close(descriptor)


def _builds() -> Path:
    return config.ROOT / ".web" / "builds"


def _link(site: str) -> Path:
    return _builds() / site


def build_name(site: str) -> str:
    """What the name of a build's folder begins with."""
    return f"{site}-{fingerprint(site)[:16]}-"
