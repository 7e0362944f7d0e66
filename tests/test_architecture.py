"""The house rules that no linter knows."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webmon.commands.backup.rows import CONFIGURATION, HISTORY
from webmon.config import ROOT
from webmon.models import metadata

SOURCES = [
    path for folder in ("webmon", "pages", "workers") for path in (ROOT / folder).rglob("*.py")
]


def calls(path: Path, *names: str) -> Iterator[str]:
    """Where ``path`` mentions one of the dotted ``names``."""
    source = path.read_text()
    if not any(name.rpartition(".")[2] in source for name in names):
        return
    for node in ast.walk(ast.parse(source)):
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


def test_migrations_follow_one_another_in_one_line():
    """Each has the number in its file's name, and follows the one before."""
    files = sorted((ROOT / "alembic" / "versions").glob("*.py"))
    told = []
    for path in files:
        values = {
            node.targets[0].id: node.value.value
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        told.append((path.name[:4], values["revision"], values["down_revision"]))
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]
    before = [None, *numbers[:-1]]
    assert told == list(zip(numbers, numbers, before, strict=True))


@pytest.mark.slow
def test_a_worker_carries_no_library_that_its_services_do_not_need():
    code = "import sys, webmon.cli, workers.__main__; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    carried = set(shown.stdout.decode().split())
    assert {"sqlmodel", "apscheduler"} < carried
    heavy = {"reflex", "alembic", "rich", "paramiko", "psycopg2", "dns", "tweepy", "apprise"}
    assert not carried & heavy


@pytest.mark.slow
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


READING = {"Session", "select", "exists", "func", "update", "delete", "insert"}


def reads_in(source: str) -> list[str]:
    """What a model imports from the ORM that is for reading or changing rows."""
    imported = [
        alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module in ("sqlmodel", "sqlalchemy")
        for alias in node.names
    ]
    return [name for name in imported if name in READING]


def test_models_only_hold_tables():
    models = [path for path in SOURCES if path.is_relative_to(ROOT / "webmon" / "models")]
    assert {path.name: reads_in(path.read_text()) for path in models} == {
        path.name: [] for path in models
    }
    assert reads_in("from sqlmodel import Field, Session, select") == ["Session", "select"]


@pytest.mark.slow
def test_the_contracts_refuse_sql_in_a_worker_and_a_table_in_a_probe(tmp_path: Path) -> None:
    for name in ("webmon", "pages", "workers", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for name, line in {
        "workers/jobs.py": "from sqlalchemy import select",
        "webmon/probes/tcp.py": "from webmon.models import Host",
        "webmon/queries/history/uptime.py": "from webmon.commands import locks",
    }.items():
        with (tmp_path / name).open("a") as file:
            file.write(line + "\n")
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter], cwd=tmp_path, capture_output=True, text=True, check=False)
    broken = [line.removesuffix(" BROKEN") for line in run.stdout.splitlines() if "BROKEN" in line]
    assert sorted(broken) == [
        "Layers: each may import only what is below it",
        "Probes and notifiers know no tables",
        "SQL only in models, db, commands and queries",
        "Workers know no tables: they tick, and call commands and queries",
    ]


OLD_NAMES = [
    "webmon.commands.arrays",
    "webmon.commands.leases",
    "webmon.commands.outbox",
    "webmon.commands.hosts",
    "webmon.commands.config_model",
    "webmon.commands.lost_ends",
    "webmon.commands.failures",
    "webmon.queries.hosts",
    "webmon.queries.records",
    "webmon.queries.status_page",
    "webmon.probes.addresses",
    "webmon.probes.transport",
    "webmon.probes.ssh_session",
    "webmon.probes.dns_query",
    "pages.admin.hosts_state",
    "pages.admin.channel_row",
    "webmon.models.connectivity",
]


def test_modules_stand_in_their_rooms_only():
    """Nothing is kept under the name that it had before its layer had rooms."""
    kept = [name for name in OLD_NAMES if (ROOT / (name.replace(".", "/") + ".py")).exists()]
    assert kept == []


def test_every_table_is_configuration_or_history():
    """So that a backup of the configuration alone forgets no table that is added."""
    assert set(metadata.tables) == CONFIGURATION | HISTORY
    assert not CONFIGURATION & HISTORY
