"""What few need is not loaded by all."""

import subprocess
import sys

import pytest

SAY = "import sys, {}; print(sorted({{'authlib', 'joserfc', 'segno'}} & set(sys.modules)))"


@pytest.mark.slow
def test_sign_in_by_a_provider_costs_nothing_where_nobody_uses_it() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SAY.format("webmon.api.app")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
