"""What few need is not loaded by all."""

import subprocess
import sys

import pytest

SAY = "import sys, {}; print(sorted({!r} & set(sys.modules)))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("used", "unused"),
    [
        ("webmon.api.app", {"authlib", "joserfc", "segno"}),  # nobody signs in by a provider
        ("workers.__main__, webmon.probes.http", {"passlib", "argon2", "jsonpath_rfc9535"}),
    ],
)
def test_what_is_not_used_costs_nothing(used: str, unused: set[str]) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SAY.format(used, unused)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
