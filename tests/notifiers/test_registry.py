"""What every channel kind promises: one file and one line, and everything else follows."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from tests import news as given
from webmon.commands.validation import validated
from webmon.config import ROOT
from webmon.domain.notifications.news import Event
from webmon.errors import Invalid
from webmon.notifiers import NOTIFIERS
from webmon.ui.forms.model_fields import config_fields, read_config

SMALLEST: dict[str, dict[str, Any]] = {
    "apprise": {"url": "json://example.org/hidden"},
    "email": {"to": ["ops@example.org", "anna@example.org"]},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T0/B0/hidden"},
    "twitter": {
        "consumer_key": "hidden",
        "consumer_secret": "hidden",
        "access_token": "hidden",
        "access_token_secret": "hidden",
    },
    "webhook": {"url": "https://example.org/hidden", "secret": "hidden"},
}


@pytest.fixture(params=NOTIFIERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def smallest(kind: str) -> Mapping[str, Any]:
    return SMALLEST.get(kind, {})


def test_every_field_has_a_title_and_unknown_ones_are_refused(kind):
    config = NOTIFIERS[kind].config
    assert all(info.title for info in config.model_fields.values())
    assert config.model_config["frozen"]
    with pytest.raises(Invalid) as refused:
        validated(config, {**smallest(kind), "nonsense": 1}, within="config")
    assert refused.value.field == "config.nonsense"


def test_a_wrong_secret_is_not_repeated(kind):
    config = NOTIFIERS[kind].config
    wrong = {name: f"hidden {value}\n?" for name, value in smallest(kind).items()}
    with pytest.raises(ValidationError) as refused:
        config.model_validate(wrong)
    assert "hidden" not in str(refused.value)


def test_a_kind_says_what_it_sends_and_the_documents_have_it(kind):
    assert NOTIFIERS[kind].sends
    assert f"| `{kind}` |" in (ROOT / "docs" / "notifications.md").read_text("utf-8")


def test_a_kind_has_its_tests(kind):
    assert (ROOT / "tests" / "notifiers" / f"test_{kind}.py").exists()


def test_the_admin_form_shows_every_field_and_no_secret(kind):
    model = NOTIFIERS[kind].config
    config = model.model_validate(smallest(kind))
    stored = {
        name: value
        for name, value in config.model_dump(mode="json", exclude_defaults=True).items()
        if not isinstance(getattr(config, name), SecretStr)
    }
    secrets = frozenset(name for name in smallest(kind) if name not in stored)
    fields = config_fields(model, stored, secrets)
    assert {field.name.split(".")[1] for field in fields} == set(model.model_fields)
    assert "hidden" not in repr(fields)
    typed = {field.name: field.value for field in fields if field.input != "checkbox"}
    read = read_config(model, typed, "KEEP")
    assert {name: each for name, each in read.items() if each != "KEEP"}.keys() >= stored.keys()


@pytest.mark.parametrize("event", Event)
def test_a_preview_shows_every_event(kind, event):
    config = NOTIFIERS[kind].config.model_validate(smallest(kind))
    text = "The database is moved."
    told = given.message(given.news(event, message=text if event is Event.DOWNTIME else ""))
    shown = NOTIFIERS[kind].preview(config, told)
    assert shown.strip()
    assert "hidden" not in shown
    wanted = {Event.DOWNTIME: text, Event.TEST: "test", Event.MONITOR: ""}
    assert wanted.get(event, "Datastore").lower() in shown.lower()


def test_a_budget_is_a_number_or_none(kind):
    config = NOTIFIERS[kind].config.model_validate(smallest(kind))
    budget = NOTIFIERS[kind].budget(config)
    assert budget is None or budget > 0
