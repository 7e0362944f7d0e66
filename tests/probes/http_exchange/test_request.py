"""What the `http` probe accepts as its settings, and how it says no."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from webmon.crypto import seal, unseal
from webmon.probes.http import HttpConfig

URL = "https://example.org/"


def refusal(**fields: Any) -> tuple[str, str]:
    """The field that is refused, and why."""
    with pytest.raises(ValidationError) as caught:
        HttpConfig.model_validate({"url": URL, **fields})
    first = caught.value.errors()[0]
    return str(first["loc"][0]), first["msg"].removeprefix("Value error, ")


def test_a_url_is_enough() -> None:
    config = HttpConfig(url=URL)
    assert (config.method, config.accepted_statuses, config.max_body_kb) == ("GET", "200-399", 512)
    assert config.verify_tls and not config.follow_redirects and not config.expect_html


def test_every_field_has_a_title() -> None:
    assert all(info.title for info in HttpConfig.model_fields.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "HTTPS://Example.org/a?b=c#d",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/",
        "https://müller.example/straße?q=ä",
        " https://example.org/ ",
    ],
)
def test_addresses_of_pages_are_accepted(url: str) -> None:
    assert HttpConfig(url=url).full_url == url.strip().partition("#")[0]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must begin with http:// or https://"),
        ("example.org", "must begin with http:// or https://"),
        ("ftp://example.org/", "must begin with http:// or https://"),
        ("javascript:alert(1)", "must begin with http:// or https://"),
        ("http://", "must name a host, such as https://example.org/"),
        ("http:///path", "must name a host, such as https://example.org/"),
        ("http://user:pw@example.org/", "must not hold a user or password"),
        ("http://example.org:0/", "must have a port from 1 to 65535"),
        ("http://example.org:99999/", "must have a port from 1 to 65535"),
        ("http://example.org:http/", "is not a valid address of a page"),
        ("http://exa mple.org/", "is not a valid address of a page"),
        ("http://[::1/", "is not a valid address of a page"),
        ("http://example.org/\r\nX: y", "is not a valid address of a page"),
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str, why: str) -> None:
    field, message = refusal(url=url)
    assert field == "url"
    assert message.startswith(why)


@pytest.mark.parametrize(
    ("given", "accepted", "refused"),
    [
        ("200-399", {200, 301, 399}, {199, 400}),
        ("200, 204,301-308", {200, 204, 301, 308}, {201, 300, 309}),
        (200, {200}, {201}),
        ([200, 404], {200, 404}, {201}),
        (["200-204", 301], {203, 301}, {302}),
    ],
)
def test_accepted_statuses(given: Any, accepted: set[int], refused: set[int]) -> None:
    statuses = HttpConfig.model_validate({"url": URL, "accepted_statuses": given}).statuses
    assert accepted <= statuses
    assert not refused & statuses


@pytest.mark.parametrize("given", ["", "ok", "20", "399-200", "200-", "200;204", "099", [], True])
def test_statuses_of_another_form_are_refused(given: Any) -> None:
    assert refusal(accepted_statuses=given)[0] == "accepted_statuses"


def test_method_is_written_in_any_case_and_must_be_known() -> None:
    assert HttpConfig.model_validate({"url": URL, "method": "post"}).method == "POST"
    assert refusal(method="GET / HTTP/1.1\r\nX: y")[0] == "method"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"X-Key": "a\r\nEvil: b"}, "the value of X-Key has characters that cannot be sent"),
        ({"X-Key": "a\0b"}, "the value of X-Key has characters that cannot be sent"),
        ({"X Key": "a"}, "must be lines such as Accept: text/html"),
        ({"X:\r\nEvil": "a"}, "must be lines such as Accept: text/html"),
        ({"": "a"}, "must be lines such as Accept: text/html"),
        ({"Content-Length": "5"}, "Content-Length is set by the probe itself"),
        ({"A": "1", "a": "2"}, "must have each name only once"),
        ({f"X-{number}": "a" for number in range(51)}, "must be at most 50"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: dict[str, str], why: str) -> None:
    assert refusal(headers=headers) == ("headers", why)


@pytest.mark.parametrize("pair", ["nocolon", "user:pass\nword"])
def test_basic_auth_is_a_user_and_a_password(pair: str) -> None:
    assert refusal(basic_auth=pair) == ("basic_auth", "must have the form user:password")


def test_basic_auth_excludes_another_authorization() -> None:
    fields = {"basic_auth": "me:pw", "headers": {"authorization": "Bearer x"}}
    assert refusal(**fields) == ("basic_auth", "cannot be used beside an Authorization header")


def test_a_json_value_needs_a_path() -> None:
    assert refusal(json_equals="ok")[0] == "json_equals"
    assert refusal(json_equals=["ok"], json_path="a")[0] == "json_equals"


@pytest.mark.parametrize(
    "path", ["a..b", ".a", "a[", "a[x]", "a]", "[]", "a." * 30 + "a", "a" * 300]
)
def test_json_paths_of_another_form_are_refused(path: str) -> None:
    assert refusal(json_path=path)[0] == "json_path"


@pytest.mark.parametrize("field", ["contains", "not_contains", "json_path", "body"])
def test_head_cannot_be_judged_by_a_body(field: str) -> None:
    assert refusal(method="HEAD", **{field: "x"})[0] == field


def test_conditions_are_lines_of_a_text_or_a_list() -> None:
    lines = ["body contains a, b", "json $ length > 1"]
    for given in (lines, "\r\n".join(lines), [" " + "\n\n".join(lines) + "\n"]):
        assert HttpConfig.model_validate({"url": URL, "conditions": given}).conditions == lines
    field, why = refusal(conditions=[*lines, "body is nice"])
    assert field == "conditions"
    assert why.startswith("line 3, “body is nice”, is not understood: write header NAME, body")
    assert refusal(conditions=["body contains a\nb"])[0] == "conditions"
    assert refusal(conditions=[3])[0] == "conditions"
    assert refusal(conditions=["body contains " + "x" * 1000])[0] == "conditions"
    assert refusal(conditions=["body contains x"] * 51)[0] == "conditions"
    assert refusal(conditions=lines, method="HEAD")[0] == "conditions"
    HttpConfig(url=URL, method="HEAD", conditions=["header x-a exists"])


def test_an_end_at_https_is_only_for_who_follows() -> None:
    assert refusal(must_be_https=True) == ("must_be_https", "needs follow_redirects")


@pytest.mark.parametrize("field", ["contains", "not_contains"])
def test_texts_have_a_limit(field: str) -> None:
    assert refusal(**{field: "x" * 1001})[0] == field


def test_empty_fields_of_a_form_count_as_not_given() -> None:
    config = HttpConfig.model_validate(
        {
            "url": URL,
            "contains": "",
            "json_path": "",
            "json_equals": "",
            "body": "",
            "basic_auth": "",
        }
    )
    assert config == HttpConfig(url=URL)


def test_secrets_are_not_in_texts_of_the_config_or_its_errors() -> None:
    config = HttpConfig.model_validate(
        {"url": URL, "headers": {"X-Key": "s3cret-token"}, "basic_auth": "me:s3cret-word"}
    )
    assert "s3cret" not in repr(config)
    with pytest.raises(ValidationError) as caught:
        HttpConfig.model_validate(
            {"url": URL, "basic_auth": "s3cret", "headers": {"A B": "s3cret"}}
        )
    assert "s3cret" not in str(caught.value)


def test_a_sealed_config_is_the_same_after_unsealing() -> None:
    config = HttpConfig(
        url=URL, headers={"X-Key": SecretStr("token")}, json_path="a", json_equals=True
    )
    assert config.request is config.request  # built once, and no part of the settings
    assert HttpConfig.model_validate(unseal(seal(config))) == config


def test_what_is_sent() -> None:
    config = HttpConfig.model_validate(
        {"url": URL, "method": "POST", "body": '{"a": 1}', "headers": {"User-Agent": "other"}}
    )
    sent = config.request.headers
    assert sent["content-type"] == "application/json"
    assert sent["user-agent"] == "other"
    assert sent["host"] == "example.org"
    assert (
        HttpConfig(url=URL, method="POST", body="plain")
        .request.headers["content-type"]
        .startswith("text/plain")
    )
