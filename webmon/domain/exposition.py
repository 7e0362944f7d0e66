"""Prometheus' text format, version 0.0.4: families of samples, written by hand.

The client library takes a hundred times as long for many labels.
"""

from collections.abc import Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def labels(values: Mapping[str, object]) -> str:
    """The pairs of a sample, without their braces: ``host="Datastore",kind="http"``."""
    return ",".join(f'{name}="{str(value).translate(ESCAPES)}"' for name, value in values.items())


def family(
    name: str, text: str, samples: Iterable[tuple[str, float]], kind: str = "gauge"
) -> Iterable[str]:
    """The lines of one metric, with what it means; none at all where it has no samples.

    ``samples`` are `labels` and a value each.
    """
    lines = [
        f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}" for pairs, value in samples
    ]
    if lines:
        yield f"# HELP {name} {text.translate(HELP_ESCAPES)}"
        yield f"# TYPE {name} {kind}"
        yield from lines
