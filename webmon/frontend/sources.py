"""What each of the two sites is made of."""

import hashlib

from webmon import config

SITES = ("public", "admin")

SHARED_SOURCES = (
    *("rxconfig.py", "requirements.txt", "assets", "reflex.lock", "webmon/frontend"),
    *("webmon/ui", "webmon/domain", "webmon/queries"),
)
SOURCES = {
    "public": (*SHARED_SOURCES, "pages/public", "webmon/site.py"),
    "admin": (*SHARED_SOURCES, "pages/admin", "webmon/webmon.py", "webmon/probes"),
}


def fingerprint(site: str) -> str:
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
