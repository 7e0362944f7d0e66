"""One host, one name, for every kind of check."""

import os
from pathlib import Path

import pytest

from webmon.commands.validation import validated
from webmon.errors import Invalid
from webmon.probes.http_exchange.request import HttpConfig
from webmon.probes.tls import TlsConfig
from webmon.probes.wire import host_names
from webmon.probes.wire.addresses import Unreachable, resolve
from webmon.probes.wire.host_names import ascii_name, name_to_look_up, server_name_of


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("ΣΊΣΥΦΟΣ.example", "xn--kxa6akbbkh.example"),
        ("bücher.example.", "xn--bcher-kva.example."),
        ("Ａ。example", "a.example"),
        ("bücher.ex_am.example", "xn--bcher-kva.ex_am.example"),
        ("Shop.Example.org", "Shop.Example.org"),
        ("r3---sn-ab.example", "r3---sn-ab.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("xn--ls8h.example", "xn--ls8h.example"),
    ],
)
def test_names_are_written_as_browsers_write_them(name: str, written: str) -> None:
    assert ascii_name(name) == written
    assert server_name_of(name) == written.rstrip(".")
    assert httpx_host(name) == written.lower()
    if "." in name.rstrip("."):
        assert TlsConfig(server_name=name).server_name == written.rstrip(".")


def httpx_host(name: str) -> str:
    return HttpConfig(url=f"http://{name}:8080/ä").request.url.raw_host.decode("ascii")


@pytest.mark.parametrize(
    ("name", "coded"), [("💩.example", "xn--ls8h.example"), ("I♥.ex", "xn--i-n3p.ex")]
)
async def test_how_a_name_with_emoji_is_written_is_said(name: str, coded: str) -> None:
    with pytest.raises(Unreachable, match="symbols and emoji must be written as " + coded):
        await resolve(name, 80)
    for config, field in (
        (HttpConfig, {"url": f"https://{name}/"}),
        (TlsConfig, {"server_name": name}),
    ):
        with pytest.raises(Invalid, match="must be written as " + coded):
            validated(config, field, within="config")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("www.example.org", "www.example.org."),
        ("www.example.org.", "www.example.org."),
        ("straße.example", "xn--strae-oqa.example."),
        ("localhost", "localhost"),
        ("db", "db"),
        ("127.1", "127.1"),
        ("0x7f.0.0.0x1", "0x7f.0.0.0x1"),
        ("known.example", "known.example"),
        ("Alias.Known.Example", "Alias.Known.Example"),
        ("not.known.example", "not.known.example."),
    ],
)
def test_full_names_are_looked_up_as_they_stand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, asked: str
) -> None:
    file = tmp_path / "hosts"
    file.write_text(
        "127.0.0.1 localhost\n::1 known.example alias.known.example # not.known.example\n"
    )
    monkeypatch.setattr(host_names, "HOSTS_FILE", file)
    assert name_to_look_up(name) == asked


def test_a_changed_hosts_file_is_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "hosts"
    monkeypatch.setattr(host_names, "HOSTS_FILE", file)
    assert name_to_look_up("new.example") == "new.example."
    for text, at, asked in (("", 1, "new.example."), ("::1 new.example", 2, "new.example")):
        file.write_text(text)
        os.utime(file, (at, at))
        assert name_to_look_up("new.example") == asked
