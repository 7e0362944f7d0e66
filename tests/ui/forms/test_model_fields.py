"""Forms drawn from a pydantic model, and read back."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from webmon.probes import PROBES
from webmon.ui.forms.model_fields import config_fields, filled_and_empty, read_config

KEEP = object()


class Login(BaseModel):
    user: str
    password: SecretStr


class Config(BaseModel):
    port: int = Field(title="Port", description="From 1 to 65535", ge=1)
    mode: Literal["fast", "slow"] = "fast"
    strict: bool = True
    note: str | None = None
    names: list[str] = Field(default=[])
    headers: dict[str, SecretStr] = Field(default={})
    token: SecretStr | None = None
    login: Login | None = None


def test_types_become_inputs() -> None:
    inputs = {field.name: field.input for field in config_fields(Config, {})}
    assert inputs == {
        "config.port": "number",
        "config.mode": "select",
        "config.strict": "checkbox",
        "config.note": "text",
        "config.names": "text",
        "config.headers": "textarea",
        "config.token": "password",
        "config.login.user": "text",
        "config.login.password": "password",
    }


def test_a_secret_of_many_lines_has_room_and_a_prefix_of_its_own_is_read_back() -> None:
    class Access(BaseModel):
        private_key: SecretStr | None = None

    (field,) = config_fields(Access, {}, frozenset({"private_key"}), prefix="ssh.")
    assert (field.name, field.input, field.is_set) == ("ssh.private_key", "textarea", True)
    assert read_config(Access, {"ssh.private_key": "k"}, KEEP, prefix="ssh.") == {
        "private_key": "k"
    }


def test_titles_and_descriptions_become_labels_and_help() -> None:
    port = config_fields(Config, {})[0]
    assert (port.label, port.help, port.required) == ("Port", "From 1 to 65535", True)


def test_values_are_filled_in_but_secrets_only_said_to_be_set() -> None:
    config = {"port": 22, "mode": "slow", "strict": False, "names": ["a", "b"]}
    secrets = frozenset({"token", "headers.X-Key", "login.password"})
    fields = {each.name: each for each in config_fields(Config, config, secrets)}
    assert fields["config.port"].value == "22"
    assert fields["config.mode"].value == "slow"
    assert fields["config.strict"].checked is False
    assert fields["config.names"].value == "a, b"
    set_ones = {name for name, field in fields.items() if field.is_set}
    assert set_ones == {"config.token", "config.headers", "config.login.password"}
    assert all(fields[name].value == "" for name in set_ones)


def test_what_is_typed_is_read_back_and_empty_fields_left_out() -> None:
    form = {
        "config.port": "22",
        "config.strict": "on",
        "config.note": "  ",
        "config.names": "a, b\nc",
        "config.headers": "X-Key: k:9\n\nAccept: */*",
        "config.login.user": "anna",
        "config.login.password": "geheim",
    }
    assert read_config(Config, form, KEEP) == {
        "port": "22",
        "strict": True,
        "names": ["a", "b", "c"],
        "headers": {"X-Key": "k:9", "Accept": "*/*"},
        "token": KEEP,
        "login": {"user": "anna", "password": "geheim"},
    }


def test_an_empty_secret_is_kept_unless_it_is_to_be_removed() -> None:
    assert read_config(Config, {}, KEEP)["token"] is KEEP
    assert "token" not in read_config(Config, {"config.token.remove": "on"}, KEEP)


def test_an_unticked_box_is_false() -> None:
    assert read_config(Config, {}, KEEP)["strict"] is False


def test_what_says_nothing_is_folded_away() -> None:
    told, untold = filled_and_empty(config_fields(Config, {"port": 22, "note": "x"}))
    assert [field.name for field in told] == [
        "config.port",
        "config.note",
        "config.login.user",
        "config.login.password",
    ]
    assert len(told) + len(untold) == 9


def test_every_kind_has_a_form_whose_fields_have_labels() -> None:
    for kind in PROBES.values():
        fields = config_fields(kind.config, {})
        assert fields and all(field.label for field in fields)
        assert all(info.title for info in kind.config.model_fields.values())


def test_conditions_are_typed_one_a_line() -> None:
    model = PROBES["http"].config
    stored = {"url": "https://example.org/", "conditions": ["body contains a, b", "json $ exists"]}
    (field,) = (each for each in config_fields(model, stored) if each.label == "Conditions")
    assert (field.input, field.value) == ("textarea", "body contains a, b\njson $ exists")
    typed = {field.name: field.value.replace("\n", "\r\n") + "\r\n"}
    assert read_config(model, typed, KEEP)["conditions"] == stored["conditions"]
    assert "conditions" not in read_config(model, {field.name: " "}, KEEP)
