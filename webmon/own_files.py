"""The files of an installation that hold secrets, and who may read them."""

import stat
from collections.abc import Iterator
from pathlib import Path

from webmon import config, crypto, db


def readable_by_others() -> Iterator[tuple[Path, int]]:
    """Those that more than their owner may read or write, each with its mode."""
    files = config.env_file(), config.settings().data_dir / crypto.KEY_FILE, db.current().file
    for file in files:
        if file is None or not file.exists():
            continue
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield file, mode
