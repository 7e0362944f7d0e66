"""The worker: it claims, looks, records and delivers."""

import sys

# httpx brings a command line of its own along, and with it rich, click and pygments: 4 MB. Where
# that cannot be imported, it does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
