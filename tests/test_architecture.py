"""The house rules that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from webmon.config import ROOT

SOURCES = [
    path for folder in ("webmon", "pages", "workers") for path in (ROOT / folder).rglob("*.py")
]


def calls(path: Path, *names: str) -> Iterator[str]:
    """Where ``path`` mentions one of the dotted ``names``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names:
            yield f"{path.relative_to(ROOT)}:{node.lineno}"


def users_of(*names: str, allowed: str) -> list[str]:
    """Every place but ``allowed`` that mentions one of ``names``."""
    found = [place for path in SOURCES for place in calls(path, *names)]
    return [place for place in found if not place.startswith(allowed)]


def test_only_config_reads_the_environment():
    assert users_of("os.environ", "os.getenv", allowed="webmon/config.py") == []


def test_only_the_clock_asks_for_the_time():
    asked = users_of("datetime.now", "datetime.utcnow", "time.time", allowed="webmon/clock.py")
    assert asked == []


def test_the_migrations_folder_is_not_a_package():
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_a_worker_carries_no_library_that_its_services_do_not_need():
    code = "import sys, webmon.cli, workers.__main__; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    carried = set(shown.stdout.decode().split())
    assert {"sqlmodel", "apscheduler"} < carried
    heavy = {"reflex", "alembic", "rich", "paramiko", "psycopg2", "dns", "tweepy", "apprise"}
    assert not carried & heavy


def test_what_is_heavy_holds_up_no_start_of_both_processes():
    """`up` only supervises: importing the probes would make every start half a second longer."""
    needs = (
        "webmon.cli, webmon.frontend, webmon.supervisor, webmon.server,"
        " webmon.commands.accounts.users,"
        " webmon.commands.inventory.first_start"
    )
    code = f"import sys, {needs}; print({{'webmon.probes', 'reflex'}} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert shown.stdout.decode().strip() == "set()"
