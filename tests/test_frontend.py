"""The build: what is made anew and when, what is said meanwhile, and that it is repeatable."""

import fcntl
import json
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from webmon import config, frontend
from webmon.frontend import BuildFailed

STAND_IN = """\
import os, pathlib, sys
print("Compiling production app and preparing for export.")
print("Creating Production Build")
client = pathlib.Path(os.environ["REFLEX_WEB_WORKDIR"], "build/client")
client.mkdir(parents=True, exist_ok=True)
with pathlib.Path("built").open("a") as built:
    built.write(os.environ["WEBMON_FRONTEND"] + " ")
"""


FAILING = """\
import pathlib, sys
pathlib.Path("reflex.lock/package.json").write_text("half-way")
print("first", flush=True)
sys.exit("there is no module named thing")
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout, in which Reflex is a script that only pretends."""
    for name in ("pages/public/status.py", "pages/admin/hosts/page.py", "reflex.lock/package.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    for name in ("rxconfig.py", "requirements.txt", "webmon/frontend.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "webmon/site.py").write_text("1")
    (tmp_path / "webmon/webmon.py").write_text("1")
    monkeypatch.setattr(config, "ROOT", tmp_path)
    monkeypatch.setattr(frontend, "WEB", tmp_path / ".web")
    monkeypatch.setattr(frontend, "LOCK_FILES", [tmp_path / "reflex.lock/package.json"])
    pretend(monkeypatch, STAND_IN)
    return tmp_path


def pretend(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(frontend, "EXPORT", [sys.executable, "-c", script])


def built(tree: Path) -> list[str]:
    """The sites that were built so far, in order."""
    record = tree / "built"
    return record.read_text().split() if record.exists() else []


def test_each_site_is_built_once(tree: Path) -> None:
    assert not frontend.is_current("public")
    frontend.build()
    frontend.build()
    assert built(tree) == ["public", "admin"]
    assert frontend.is_current("public")


@pytest.mark.parametrize(
    ("source", "again"),
    [
        ("pages/public/status.py", ["public"]),
        ("pages/admin/hosts/page.py", ["admin"]),
        ("rxconfig.py", ["public", "admin"]),
        ("README.md", []),
    ],
)
def test_a_changed_source_has_its_site_built_again(
    tree: Path, source: str, again: list[str]
) -> None:
    frontend.build()
    (tree / source).write_text("2")
    frontend.build()
    assert built(tree)[2:] == again


def test_a_new_and_a_removed_source_count_too(tree: Path) -> None:
    frontend.build(sites=["public"])
    (tree / "pages/public/new.py").write_text("")
    frontend.build(sites=["public"])
    (tree / "pages/public/new.py").unlink()
    frontend.build(sites=["public"])
    assert len(built(tree)) == 3


def test_it_says_what_is_being_done_and_how_far_it_is(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frontend.build()
    assert capsys.readouterr().out.splitlines() == [
        "[1/6] public site: compiling the pages … 0 s",
        "[3/6] public site: bundling … 0 s",
        "[4/6] admin site: compiling the pages … 0 s",
        "[6/6] admin site: bundling … 0 s",
    ]
    frontend.build()
    assert capsys.readouterr().out == ""


def test_a_failure_names_the_log_shows_its_end_and_is_tried_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend.build(sites=["public"])
    (tree / "rxconfig.py").write_text("2")
    pretend(monkeypatch, FAILING)
    with pytest.raises(BuildFailed, match=r"\.web/public\.log says:\n(?s:.*)named thing"):
        frontend.build(sites=["public"])
    assert (tree / ".web/public.log").read_text().startswith("first")
    assert (tree / "reflex.lock/package.json").read_text() == "1"
    (tree / "rxconfig.py").write_text("1")
    assert not frontend.is_current("public")


def test_other_packages_than_the_committed_ones_are_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(
        monkeypatch, STAND_IN + "pathlib.Path('reflex.lock/package.json').write_text('other')\n"
    )
    with pytest.raises(BuildFailed, match="--relock"):
        frontend.build(sites=["public"])
    assert (tree / "reflex.lock/package.json").read_text() == "1"
    frontend.build(sites=["public"], relock=True)
    assert (tree / "reflex.lock/package.json").read_text() == "other"
    assert frontend.is_current("public")


def test_two_builds_at_once_take_turns(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(frontend, "_say", said.put)
    (tree / ".web").mkdir()
    second = threading.Thread(target=frontend.build)
    with (tree / ".web/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        first_word = said.get(timeout=30)
        assert built(tree) == []
    second.join()
    assert first_word == "Another build is running; waiting for it.\n"
    assert built(tree) == ["public", "admin"]


def test_an_unknown_site_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["frontend", "other"])
    with pytest.raises(SystemExit, match="2"):
        frontend.main()
    assert "there is no other site" in capsys.readouterr().err


def test_the_committed_packages_are_exact_verified_and_bound_to_no_registry() -> None:
    lock = json.loads((config.ROOT / "reflex.lock/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 50
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
