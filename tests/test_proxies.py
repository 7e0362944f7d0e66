"""Which proxy leads where."""

import httpx
import pytest

from webmon.errors import Invalid
from webmon.proxies import of_environment, read_proxy

PASSWORD = "s3cret/w0rd"
LOGIN = "me:s3cret%2Fw0rd"


def route(url: str) -> str | None:
    routes = of_environment()
    proxy = routes.to(httpx.URL(url)) if routes else None
    return None if proxy is None else str(proxy)


def set_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    of_environment.cache_clear()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("HTTP://Proxy.Example/", "proxy.example:80"),
        (" http://10.0.0.1:8080 ", "10.0.0.1:8080"),
        ("http://[2001:db8::1]:3128", "[2001:db8::1]:3128"),
        (f"http://{LOGIN}@proxy.example:3128", "proxy.example:3128"),
    ],
)
def test_a_proxy_is_shown_without_its_login(text: str, place: str) -> None:
    proxy = read_proxy(text)
    assert str(proxy) == place
    assert "s3cret" not in repr(proxy)


def test_the_environment_names_a_proxy_per_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, HTTP_PROXY="http://p:1", https_proxy="q:2")
    assert route("http://a.example/") == "p:1"
    assert route("https://a.example/") == "q:2"
    set_environment(monkeypatch, https_proxy="", ALL_PROXY="http://r:3")
    assert route("http://a.example/") == "p:1"
    assert route("https://a.example/") == "r:3"


@pytest.mark.parametrize(
    ("url", "is_direct"),
    [
        ("http://localhost:8000/", True),
        ("http://app.localhost/", True),
        ("https://127.0.0.1/", True),
        ("https://127.9.9.9:5/", True),
        ("http://[::1]:8000/", True),
        ("http://intern.example/", True),
        ("https://www.intern.example/", True),
        ("https://WWW.Intern.Example./", True),
        ("http://otherintern.example/", False),
        ("http://www.dotted.example/", True),
        ("http://dotted.example/", True),
        ("http://www.starred.example/", True),
        ("http://ported.example:8080/", True),
        ("http://ported.example/", False),
        ("https://secure.example/", True),
        ("http://secure.example/", False),
        ("http://10.1.2.3/", True),
        ("http://10.1.2.4/", False),
        ("http://10.1.2.4:81/", True),
        ("http://192.168.7.7/", True),
        ("http://192.169.7.7/", False),
        ("http://[2001:db8::1]/", True),
        ("http://[2001:db8::2]/", False),
        ("http://[fd00::5]:1/", True),
        ("http://example.org/", False),
    ],
)
def test_what_is_reached_without(
    monkeypatch: pytest.MonkeyPatch, url: str, is_direct: bool
) -> None:
    set_environment(
        monkeypatch,
        ALL_PROXY="http://p:1",
        NO_PROXY="Intern.example, .dotted.example,*.starred.example,ported.example:8080,"
        "secure.example:443,10.1.2.3,10.1.2.4:81,192.168.0.0/16,2001:db8::1,fd00::/8,not/a/network",
    )
    assert (route(url) is None) is is_direct


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    set_environment(monkeypatch, **{name: "socks5://me:s3cret@p:1"})
    with pytest.raises(Invalid, match=f"{name}.* must begin with http://") as caught:
        of_environment()
    assert "s3cret" not in str(caught.value)


def test_one_that_is_never_used_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(
        monkeypatch, ALL_PROXY="socks5://p:1", HTTP_PROXY="http://p:2", HTTPS_PROXY="http://p:2"
    )
    assert route("http://a.example/") == "p:2"
