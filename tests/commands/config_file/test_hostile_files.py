"""A file that is meant to break the program ends in one line."""

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlmodel import Session

from tests.clock import NOW
from webmon.commands.config_file.apply import apply_file
from webmon.errors import FileError

HOST = "namespaces: [{slug: a, name: A}]\nhosts:\n  - {name: H, namespace: a, services: [%s]}\n"
FILES = {
    "deep list": "[" * 5000,
    "deeper than a stack": "hosts: " + "[" * 200_000,
    "deep on one line": "hosts:\n" + "- " * 200_000,
    "deep and closed": "hosts: " + "[" * 900 + "]" * 900,
    "deep names": "\n".join(" " * level + "a:" for level in range(200)),
    "deep config": HOST % ("{name: S, kind: http, config: " + "{a: " * 60 + "1" + "}" * 60 + "}"),
    "empty int": "hosts: [!!int '']",
    "no bool": "hosts: [!!bool perhaps]",
    "no time": "hosts: [!!timestamp never]",
    "python": "hosts: [!!python/object/apply:os.system [id]]",
    "long number": HOST % f"{{name: S, kind: tcp, interval: {'9' * 5000}}}",
    "long hex": HOST % f"{{name: S, kind: tcp, interval: 0x{'f' * 9000}}}",
    "long duration": HOST % f"{{name: S, kind: tcp, degraded_above: {'9' * 400}d}}",
    "infinite": HOST % "{name: S, kind: tcp, timeout: .inf, config: {port: .nan}}",
    "wrong types": "namespaces: [[1], 2, {slug: [], name: {}}]",
    "names of numbers": "hosts: [{1: 2, name: 3, namespace: 4, services: {5: 6}}]",
    "bad reference": "namespaces: [{slug: a, name: '${env:A\\0B}'}]",
    "device": "namespaces: [{slug: a, name: '${file:/dev/zero}'}]",
    "folder": "namespaces: [{slug: a, name: '${file:/}'}]",
    "no file name": 'namespaces: [{slug: a, name: "${file:a\\0b}"}]',
    "line break": 'namespaces: [{slug: a, name: "a\\nb"}]',
    "bidi": 'namespaces: [{slug: a, name: "a\\u202Eb"}]',
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # refused before it is asked
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_hostile_file_is_refused_with_one_line(
    session: Session, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(content)
    with pytest.raises(FileError) as refusal:
        apply_file(session, file, prune=False, now=NOW)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # refused before it is asked
@pytest.mark.parametrize("name", ["/dev/zero", "/", "missing.yaml"])
def test_what_is_no_file_is_refused(session: Session, name: str) -> None:
    with pytest.raises(FileError):
        apply_file(session, Path(name), prune=False, now=NOW)


def test_a_pipe_is_read(session: Session, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"namespaces: [{slug: a, name: A}]\n")
    os.close(writing)
    applied = apply_file(session, Path(f"/dev/fd/{reading}"), prune=False, now=NOW)
    os.close(reading)
    assert applied.lines == ["+ namespace a"]


def test_the_command_says_it_on_one_line(
    webmon: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(FILES["deep list"])
    said = webmon("apply", str(file))
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert "nested too deeply" in said.stderr
