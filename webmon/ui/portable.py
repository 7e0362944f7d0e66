"""Make the built front end talk to the origin that served it."""

import re
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

ADDRESS = re.compile(r"([`\"'])(ws|http)://localhost:\d+(/[^`\"']*)\1")
ORIGIN = {"ws": "location.origin.replace(/^http/,`ws`)", "http": "location.origin"}


class SameOriginPlugin(Plugin):
    """Replaces the host and port that Reflex bakes into a build, so that one build fits all."""

    def post_build(self, *, static_dir: Path, **_: Any) -> None:
        """Rewrite the one chunk that holds the addresses; called by Reflex before it compresses.

        Raises:
            RuntimeError: the addresses are not where this version of Reflex keeps them.
        """
        patched = sum(_patch(chunk) for chunk in Path(static_dir).rglob("assets/reflex-env-*.js"))
        if patched != 1:
            raise RuntimeError(f"expected the addresses in exactly one chunk, found {patched}")


def _patch(chunk: Path) -> bool:
    source = chunk.read_text()
    portable = ADDRESS.sub(lambda match: f"{ORIGIN[match[2]]}+`{match[3]}`", source)
    chunk.write_text(portable)
    return portable != source
