"""The build: what is made again and when, what is said meanwhile, and that it is repeatable."""

import fcntl
import json
import os
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from webmon import config, frontend
from webmon.frontend import BuildFailed, __main__, builds, progress, tools

STAND_IN = """\
import os, pathlib, sys
print("Compiling production app and preparing for export.")
print("Creating Production Build")
client = pathlib.Path(os.environ["REFLEX_WEB_WORKDIR"], "build/client")
(client / "assets").mkdir(parents=True, exist_ok=True)
for old in (client / "assets").iterdir():
    old.unlink()
number = len(pathlib.Path("built").read_text()) if pathlib.Path("built").exists() else 0
(client / f"assets/page-{number}.js").write_text(str(number))
(client / "index.html").write_text(str(number))
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
    """A small checkout, in which Reflex and npm are commands that only pretend."""
    for name in ("pages/public/status.py", "pages/admin/hosts/page.py", "reflex.lock/package.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    for name in ("rxconfig.py", "requirements.txt", "webmon/frontend/tools.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "webmon/site.py").write_text("1")
    (tmp_path / "webmon/webmon.py").write_text("1")
    monkeypatch.setattr(config, "ROOT", tmp_path)
    monkeypatch.setattr(builds, "_held", {})
    monkeypatch.setattr(tools, "REGISTRY", ["echo", "https://registry.example/"])
    pretend(monkeypatch, STAND_IN)
    return tmp_path


def pretend(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(tools, "EXPORT", [sys.executable, "-c", script])


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
    assert not frontend.is_current("public")
    (tree / "rxconfig.py").write_text("1")
    assert frontend.is_current("public"), "the build before is still there"


def test_a_failure_leaves_the_build_before_whole(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend.build(sites=["public"])
    before = frontend.static_dir("public")
    (tree / "rxconfig.py").write_text("2")
    pretend(monkeypatch, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(BuildFailed, match=r"killed, probably for lack of memory \(\d+ MB needed\)"):
        frontend.build(sites=["public"])
    assert frontend.static_dir("public") == before
    assert (before / "index.html").read_text() == "0"
    assert frontend.is_there("public")
    assert not frontend.is_current("public")


@pytest.mark.parametrize(
    "said",
    [
        "Creating Production Build failed with exit code 247",
        "Creating Production Build failed with exit code -9",
        "FATAL ERROR: Reached heap limit - JavaScript heap out of memory",
    ],
)
def test_a_tool_that_was_killed_is_said_in_words(
    tree: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    pretend(monkeypatch, f"import sys; print({said!r}); sys.exit(1)")
    with pytest.raises(BuildFailed, match=r"the public site could not be built: killed, probably"):
        frontend.build(sites=["public"])


def test_what_is_served_stays_as_it_is_until_its_process_ends(tree: Path) -> None:
    frontend.build(sites=["public"])
    held = frontend.hold("public")
    for _ in range(3):
        frontend.build(sites=["public"], force=True)
    assert frontend.static_dir("public") == held / "build/client"
    assert (held / "build/client/index.html").read_text() == "0"
    os.close(builds._held.pop("public")[1])
    assert frontend.static_dir("public") != held / "build/client"
    frontend.build(sites=["public"], force=True)
    assert not held.exists(), "nobody serves it any more"
    assert len([each for each in (tree / ".web/builds").iterdir() if not each.is_symlink()]) == 1


def test_pages_that_are_open_find_their_files_after_a_build(tree: Path) -> None:
    frontend.build(sites=["public"])
    first = frontend.static_dir("public") / "assets/page-0.js"
    assert first.read_text() == "0"
    for _ in range(2):
        frontend.build(sites=["public"], force=True)
        assert (frontend.static_dir("public") / "assets/page-0.js").read_text() == "0"
    old = frontend.static_dir("public") / "assets/page-0.js"
    os.utime(old, (0, 0))
    frontend.build(sites=["public"], force=True)
    assert not (frontend.static_dir("public") / "assets/page-0.js").exists(), "a month has passed"


def test_a_finished_build_writes_nothing(tree: Path) -> None:
    frontend.build()
    (tree / ".web/lock").unlink()
    frontend.build()
    assert not (tree / ".web/lock").exists()
    assert (frontend.static_dir("public") / "index.html").stat().st_mode & 0o777 == 0o644


def test_an_interrupted_build_leaves_no_tool_running(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, "import time; print('begun', flush=True); time.sleep(60)")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "heard", interrupt)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        frontend.build(sites=["public"])
    assert time.monotonic() - began < 30


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
    monkeypatch.setattr(frontend, "say", said.put)
    monkeypatch.setattr(progress, "say", said.put)
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
        __main__.main()
    assert "there is no other site" in capsys.readouterr().err


def test_the_committed_packages_are_exact_verified_and_bound_to_no_registry() -> None:
    lock = json.loads((config.ROOT / "reflex.lock/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 50
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
