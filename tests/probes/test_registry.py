"""What every service kind promises: one file and one line, and everything else follows."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon import crypto
from webmon.commands.config_file.apply import apply_file
from webmon.commands.inventory.services import create_service
from webmon.config import ROOT
from webmon.errors import Invalid
from webmon.models import Service
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess
from webmon.ui.forms.model_fields import config_fields, read_config

SMALLEST: dict[str, dict[str, Any]] = {
    "http": {"url": "https://example.org/"},
    "tcp": {"port": 80},
    "dns": {"name": "example.org"},
    "postgres": {"user": "monitor"},
    "mysql": {"user": "monitor"},
    "heartbeat": {"every": "10m"},
}
"""The least that can be said of a kind; the others need nothing."""


@pytest.fixture(params=PROBES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def smallest(kind: str) -> Mapping[str, Any]:
    return SMALLEST.get(kind, {})


def test_every_field_has_a_title_and_unknown_ones_are_refused(kind):
    config = PROBES[kind].config
    assert all(info.title for info in config.model_fields.values())
    assert config.model_config["extra"] == "forbid"
    assert config.model_config["frozen"]


def test_what_is_wrong_with_a_config_does_not_repeat_what_may_be_secret(kind):
    """A config that cannot be used any more, for which nobody was prepared, is in a traceback."""
    for model in PROBES[kind].config, SshAccess:
        for name in model.model_fields:
            with pytest.raises(ValidationError) as refused:
                model.model_validate({name: {"x": ["s3cret"]}, "nonsense": "s3cret"})
            assert "s3cret" not in str(refused.value)


def test_a_kind_says_what_up_means_and_the_documents_have_it(kind):
    assert PROBES[kind].up_means
    assert f"| `{kind}` |" in (ROOT / "docs" / "checks.md").read_text("utf-8")


def test_a_kind_has_its_tests(kind):
    assert list((ROOT / "tests" / "probes").glob(f"test_{kind}*.py"))


def test_the_admin_form_shows_every_field_and_reads_back_what_it_shows(kind):
    model = PROBES[kind].config
    config = model.model_validate(smallest(kind))
    fields = config_fields(model, config.model_dump(mode="json", exclude_defaults=True))
    shown = {field.name.split(".")[1] for field in fields}
    assert shown == set(model.model_fields)
    typed = {
        field.name: "on" if field.checked else field.value
        for field in fields
        if field.input != "checkbox" or field.checked
    }
    read = read_config(model, typed, keep := object())
    told = {name: value for name, value in read.items() if value is not keep}
    assert model.model_validate(told) == config


def test_the_commands_take_it_and_name_what_is_wrong(session: Session, kind):
    host = factories.host(session, ssh=crypto.seal(SshAccess(user="webmon", password="x")))
    fields = {"name": "It", "kind": kind, "config": smallest(kind)}
    service = create_service(session, host.id, fields, actor=None, now=NOW)
    assert service.interval_seconds == PROBES[kind].interval_seconds
    wrong = {"name": "No", "kind": kind, "config": {**smallest(kind), "nonsense": 1}}
    with pytest.raises(Invalid) as refused:
        create_service(session, host.id, wrong, actor=None, now=NOW)
    assert refused.value.field == "config.nonsense"


def test_the_file_takes_it(session: Session, kind, tmp_path):
    config = ", ".join(f'{name}: "{value}"' for name, value in smallest(kind).items())
    file = tmp_path / "file.yaml"
    file.write_text(
        "namespaces: [{slug: main, name: Main}]\nhosts:\n"
        "  - {name: Tool, namespace: main, address: 127.0.0.1, "
        "ssh: {user: webmon, password: x}, services: "
        f"[{{name: It, kind: {kind}, config: {{{config}}}}}]}}\n"
    )
    apply_file(session, file, prune=False, now=NOW)
    assert session.exec(select(Service)).one().kind == kind
    assert apply_file(session, file, prune=False, now=NOW).lines == []
