"""The forms of the admin app: one for every kind, and each reads back what it shows."""

from typing import Any

import pytest

from pages.admin.hosts import service_form as forms
from pages.admin.namespaces.namespace_form import NAMESPACE, namespace_form
from tests.pages.test_admin import as_a_browser_sends
from tests.probes.test_registry import smallest
from webmon.commands.validation import KEEP
from webmon.probes import PROBES
from webmon.queries.inventory.services import ServiceForm
from webmon.ui.forms.typed_form import FormView

LOOKED_AT = {"interval_seconds", "timeout_seconds", "failures_to_down", "retry_seconds"}


HOST: dict[str, Any] = {"id": 1, "name": "Host", "address": "", "ssh": None}


def new_service(address: str = "", **host: Any) -> FormView:
    return forms.new_service({**HOST, "address": address, **host})


def names(form: FormView) -> set[str]:
    return {field.name for field in form.fields() if "." not in field.name}


def value(form: FormView, name: str) -> str:
    return next(each.value for each in form.fields() if each.name == name)


def test_the_kind_comes_first_and_says_what_it_is_for() -> None:
    form = new_service()
    for kind in PROBES:
        form = forms.with_kind(form, kind)
        first = next(form.fields())
        assert first.name == "kind"
        assert first.help == f"Up: {PROBES[kind].up_means.replace('`', '')}."


def test_what_the_kind_and_the_host_say_is_filled_in() -> None:
    form = new_service("data.example.org")
    assert value(form, "config.url") == "https://data.example.org/"
    assert value(form, "interval_seconds") == "1m"
    assert value(forms.with_kind(form, "tls"), "interval_seconds") == "1h"
    assert value(forms.with_kind(form, "dns"), "config.name") == "data.example.org"
    for address, url in (("fd12::7", "https://[fd12::7]/"), ("192.0.2.7", "https://192.0.2.7/")):
        form = new_service(address)
        assert value(form, "config.url") == url
        assert value(forms.with_kind(form, "dns"), "config.name") == ""
    stored = ServiceForm(
        7, 1, 3, "tcp", {"name": "Port", "interval_seconds": 30}, {"port": 80}, frozenset()
    )
    edited = forms.with_kind(forms.edited_service(stored, HOST), "tls")
    assert value(edited, "interval_seconds") == "30s"


def test_what_logs_in_asks_for_the_access_that_its_host_lacks() -> None:
    for kind, asks, unfolded in (
        ("tcp", False, False),
        ("ssh", True, False),
        ("cron", True, True),
        ("host_metrics", True, True),
    ):
        form = forms.with_kind(new_service(), kind)
        [*found] = [each for each in form.sections if each.title == "SSH access of the host"]
        assert bool(found) is asks
        if asks:
            assert found[0].folded is not unfolded and found[0].fields[0].required is unfolded
        known = forms.with_kind(new_service(ssh={"user": "webmon", "port": 2222}), kind)
        assert not any(each.title == "SSH access of the host" for each in known.sections)
        if kind == "ssh":
            assert value(known, "config.port") == "2222"


@pytest.mark.parametrize("kind", PROBES)
def test_no_field_that_must_be_filled_in_is_folded_away(kind: str) -> None:
    form = forms.with_kind(new_service(), kind)
    for section in form.sections:
        empty = [each.name for each in section.fields if each.required and not each.value]
        assert not (section.folded and empty)


def test_every_kind_can_be_chosen_by_its_title() -> None:
    kinds = next(field for field in new_service().fields() if field.name == "kind")
    assert [(option.value, option.label) for option in kinds.options] == [
        (name, kind.title) for name, kind in PROBES.items()
    ]


@pytest.mark.parametrize("kind", PROBES)
def test_the_form_of_every_kind_shows_its_fields_and_reads_back_their_defaults(kind: str) -> None:
    form = forms.with_kind(new_service(), kind)
    model = PROBES[kind].config
    shown = {each.name.split(".")[1] for each in form.fields() if each.name.startswith("config.")}
    assert shown == set(model.model_fields)
    typed = as_a_browser_sends(form) | {"name": "It"}
    typed |= {f"config.{name}": str(value) for name, value in smallest(kind).items()}
    fields = forms.SERVICE.read(form, typed)
    told = {name: value for name, value in fields["config"].items() if value is not KEEP}
    proposed = PROBES[kind].proposed
    assert model.model_validate(told) == model.model_validate({**smallest(kind), **proposed})
    assert (fields["name"], fields["kind"], fields["public"]) == ("It", kind, True)


@pytest.mark.parametrize("kind", PROBES)
def test_no_two_fields_of_a_form_have_the_same_label(kind: str) -> None:
    form = forms.with_kind(new_service(), kind)
    labels = [each.label for each in form.fields()]
    assert len(labels) == len(set(labels))


def test_what_only_counts_where_somebody_looks_is_not_asked_of_a_heartbeat() -> None:
    form = new_service()
    assert names(form) >= LOOKED_AT
    heartbeat = forms.with_kind(form, "heartbeat")
    assert not names(heartbeat) & LOOKED_AT
    again = forms.with_kind(heartbeat, "tls")
    assert names(again) == names(form)
    interval = next(field for field in again.fields() if field.name == "interval_seconds")
    assert interval.value == "1h"


def test_a_stored_heartbeat_is_edited_without_them_too() -> None:
    fields = {"name": "Import", "interval_seconds": 600, "public": False}
    stored = ServiceForm(7, 1, 3, "heartbeat", fields, {"every": "10m"}, frozenset())
    form = forms.edited_service(stored, HOST)
    assert not names(form) & LOOKED_AT
    assert value(form, "name") == "Import"
    typed = forms.SERVICE.read(form, as_a_browser_sends(form))
    assert "interval_seconds" not in typed and typed["public"] is False
    assert typed["config"]["every"] == "10m"


def test_the_form_of_a_namespace_asks_for_networks_only_who_may_allow_them() -> None:
    stored = {"id": 1, "name": "IATI", "slug": "iati", "networks": ["10.1.0.0/16", "fd12::/32"]}
    form = namespace_form(stored, may_allow=True)
    read = NAMESPACE.read(form, as_a_browser_sends(form))
    assert read["networks"] == ["10.1.0.0/16", "fd12::/32"]
    assert NAMESPACE.read(form, as_a_browser_sends(form) | {"networks": ""})["networks"] == []
    other = namespace_form(stored, may_allow=False)
    assert "networks" not in NAMESPACE.read(other, as_a_browser_sends(other))


def test_a_new_web_page_follows_redirects() -> None:
    """What a redirect leads to may be dead; a file that says nothing stays as it is."""
    (follows,) = [each for each in new_service().fields() if "follow_redirects" in each.name]
    assert follows.checked
    assert not PROBES["http"].config.model_fields["follow_redirects"].default
