"""The documents: examples work, links lead somewhere, and the words are plain."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlmodel import Session

import webmon
from bench.processes import free_port
from tests.clock import NOW
from webmon import cli, documentation
from webmon.commands.config_file.apply import apply_file
from webmon.config import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
)
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:webmon|workers|pages|tests|docs|alembic)/[\w./-]*")

UNWANTED = re.compile(
    r"\b(whoever|whatever|anew|owed|in vain|be (they|it) none|hears? of|heard of|to whom"
    r"|nobody there|lest|thereof|hitherto)\b",
    re.IGNORECASE,
)


def blocks(language: str) -> Iterator[object]:
    """Each example in ``language``, without its indentation."""
    for document in DOCUMENTS:
        for number, match in enumerate(BLOCK.finditer(document.read_text("utf-8")), start=1):
            if match[2] == language:
                text = re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)
                yield pytest.param(text, id=f"{document.relative_to(ROOT)}:{number}")


def prose(document: Path) -> str:
    """The document without its blocks of code."""
    return BLOCK.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each).lower().replace(" ", "-") for each in headings}


def targets(document: Path) -> Iterator[tuple[Path, str]]:
    """The files, and the anchors in them, that a document links to."""
    for link in LINK.findall(prose(document)):
        if not link.startswith(("http://", "https://")):
            name, _, anchor = link.partition("#")
            yield (document.parent / name).resolve() if name else document, anchor


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 80


def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in targets(document):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), f"{path}#{anchor}"


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, to_read = set(), [ROOT / "README.md"]
    while to_read:
        reached.add(document := to_read.pop())
        linked = {path for path, _ in targets(document) if path.suffix == ".md"}
        to_read.extend(linked - reached)
    docs = [path for path in DOCUMENTS if ".github" not in path.parts]
    assert set(docs) - reached == set()


def test_every_picture_is_shown_somewhere() -> None:
    shown = {path for document in DOCUMENTS for path, _ in targets(document)}
    assert set((ROOT / "docs").glob("*.png")) - shown == set()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", [*blocks("yaml")])
def test_an_example_of_the_configuration_file_can_be_applied(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SLACK_URL", "https://hooks.slack.com/services/T0/B0/x")
    key = Ed25519PrivateKey.generate()
    (tmp_path / "id_ed25519").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    )
    file = tmp_path / "watch.yaml"
    file.write_text(text)
    assert apply_file(session, file, prune=False, now=NOW).lines


@pytest.mark.parametrize("text", [*blocks("json")])
def test_an_example_of_json_is_json(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("text", [*blocks("ini")])
def test_an_example_of_settings_names_settings(text: str) -> None:
    known = (ROOT / ".env.example").read_text("utf-8")
    for line in text.splitlines():
        assert f"# {line.partition('=')[0]}=" in known


@pytest.mark.parametrize("text", [*blocks("python")])
def test_an_example_of_code_runs(text: str) -> None:
    exec(compile(text, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("text", [*blocks("nginx")])
def test_an_example_of_nginx_is_understood_by_it(text: str, tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin")
    assert nginx, "nginx is missing: sudo apt-get install nginx-light"
    upgrade = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }"
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in folders)
    server = f"server {{ listen 127.0.0.1:{free_port()}; {text} }}"
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {temporary} {upgrade} {server} }}"
    )
    command = [nginx, "-t", "-p", str(tmp_path), "-c", str(file), "-e", str(tmp_path / "log")]
    subprocess.run(command, check=True)


def test_every_language_of_an_example_has_its_test() -> None:
    found = {match[2] for path in DOCUMENTS for match in BLOCK.finditer(path.read_text("utf-8"))}
    assert found == {"", "yaml", "json", "ini", "nginx", "python", "sh"}


def test_every_command_that_is_named_exists(document: Path) -> None:
    command = typer.main.get_command(cli.app)
    for line in commands(document, "webmon"):
        known = command
        for word in line.split():
            if word in getattr(known, "commands", {}):
                known = known.commands[word]
            elif word.startswith("--"):
                options = {name for each in known.params for name in [*each.opts, "--help"]}
                assert word.rstrip("]") in options, line
        assert known is not command, line


def test_every_target_that_is_named_exists(document: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in commands(document, "make"):
        assert line.split()[0] in phony[1].split(), line


def commands(document: Path, program: str) -> Iterator[str]:
    """The calls of a program in examples and in code between words, without its name."""
    text = document.read_text("utf-8")
    spans = CODE.findall(prose(document))
    lines = [line for match in BLOCK.finditer(text) for line in match[3].splitlines()]
    lines += re.findall(r"^    (\S.*)$", BLOCK.sub("", text), re.MULTILINE)
    for each in [*spans, *lines]:
        called = re.match(rf"(?:\.venv/bin/)?{program} ([a-z].*)$", each)
        if called:
            yield called[1].partition("#")[0].replace("[", "")


def test_every_file_that_is_named_exists(document: Path) -> None:
    if document.name == "CHANGELOG.md":
        return  # tells of the past
    for span in CODE.findall(prose(document)):
        if PATH.fullmatch(span) and "KIND" not in span:
            assert (ROOT / span).exists(), span


def test_the_generated_tables_are_current() -> None:
    for path in documentation.DOCUMENTS:
        text = path.read_text("utf-8")
        assert documentation.current(text) == text, "run make fmt"


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest[1] == webmon.__version__


@pytest.mark.parametrize(
    "file", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name
)
def test_an_issue_form_is_yaml(file: Path) -> None:
    assert yaml.safe_load(file.read_text("utf-8"))


def test_the_words_are_plain(document: Path) -> None:
    found = [match[0] for match in UNWANTED.finditer(document.read_text("utf-8"))]
    assert found == []


def shown_by(module: Path) -> Iterator[str]:
    """The texts in a module, without its docstrings."""
    tree = ast.parse(module.read_text("utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in statements:
            yield str(node.value)


@pytest.mark.parametrize("folder", ["webmon", "pages", "workers"])
def test_the_words_that_people_read_are_plain(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in (ROOT / folder).rglob("*.py")
        for text in shown_by(path)
        if UNWANTED.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "file", sorted(path for path in (ROOT / "assets").rglob("*.*")), ids=lambda path: path.name
)
def test_the_words_of_an_asset_are_plain(file: Path) -> None:
    assert UNWANTED.findall(file.read_text("utf-8")) == []
