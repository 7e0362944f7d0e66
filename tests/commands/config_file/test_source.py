"""What stands in a YAML file is read as it is meant, or refused with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from webmon.commands.config_file.source import Source
from webmon.errors import FileError


def read(folder: Path, content: str | bytes) -> Any:
    file = folder / "f.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Source(file).data


@pytest.mark.parametrize("text", ["🔑 s3cret", "a\\ud83d", "plain", "ä"])
def test_what_json_writes_is_what_yaml_reads(tmp_path: Path, text: str) -> None:
    content = {text: [text]}
    for ascii_only in (True, False):
        assert read(tmp_path, json.dumps(content, ensure_ascii=ascii_only)) == content


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="a: has half of a character"):
        read(tmp_path, '{"a": "\\ud83d"}')


@pytest.mark.parametrize(
    "written",
    [
        "${SECRET}",
        "${ENV:SECRET}",
        "${env.SECRET}",
        "${secret:SECRET}",
        "Bearer ${stored}",
        "${env:SECRET",
        "${}",
        "${",
    ],
)
def test_a_reference_that_is_not_understood_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    with pytest.raises(FileError, match="is not understood: write") as refused:
        read(tmp_path, f"a: 1\nb: {json.dumps(written)}")
    assert ":2: b: " in str(refused.value)
    assert read(tmp_path, 'a: "$${SECRET} ${env:SECRET} $5 {x}"') == {
        "a": "${SECRET} s3cret $5 {x}"
    }


@pytest.mark.parametrize("written", ["${env:EMPTY}", "${file:empty}", "${file:bom}"])
def test_nothing_is_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbf\r\n")
    with pytest.raises(FileError, match="is empty"):
        read(tmp_path, f"a: {written}")


def test_files_of_other_systems_are_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read(tmp_path, b"\xef\xbb\xbfa: ${file:key}\r\nb: 2\r\n") == {"a": "one\ntwo", "b": 2}


def test_merge_keys(tmp_path: Path) -> None:
    content = """
base: &base {kind: http, interval: 60s}
more: &more {timeout: 5s, interval: 30s}
one: {<<: *base, name: A, interval: 10s}
two: {<<: [*more, *base], name: B}
"""
    data = read(tmp_path, content)
    assert data["one"] == {"kind": "http", "interval": "10s", "name": "A"}
    assert data["two"] == {"timeout": "5s", "interval": "30s", "kind": "http", "name": "B"}
    with pytest.raises(FileError, match="<< can only merge"):
        read(tmp_path, "a: {<<: 3}")


@pytest.mark.parametrize("written", ["0644", "-017", "22:30", "1:30:00", "22:30.5"])
def test_numbers_of_yaml_1_1_are_refused_with_a_hint(tmp_path: Path, written: str) -> None:
    with pytest.raises(FileError, match=f'write "{written}" in quotes'):
        read(tmp_path, f"a: {written}")
    assert read(tmp_path, f'a: "{written}"') == {"a": written}
    assert read(tmp_path, "a: [0, 10, 0x1f, 1.5, 1_000]") == {"a": [0, 10, 31, 1.5, 1000]}
