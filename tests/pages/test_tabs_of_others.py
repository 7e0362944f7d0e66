"""What a signed-in person can reach by a socket: nothing kept for another, and not the log."""

from collections.abc import Iterator

import httpx
import pytest
from reflex.state import FrontendEventExceptionState

from pages.admin.hosts.state import HostsState
from tests.pages.wire import open_wire
from tests.product import Product, running
from webmon.domain.accounts.sessions import COOKIE

PASSWORD = "correct horse battery staple"
SECRET = "secret-host.internal.example"
CONFIGURATION = f"""
namespaces:
  - {{slug: iati, name: IATI}}
  - {{slug: di, name: DI}}
hosts:
  - name: Vault
    namespace: di
    address: {SECRET}
    services:
      - {{name: Door, kind: tcp, config: {{port: 1}}}}
"""
LOAD = f"{HostsState.get_full_name()}.load"
FRONTEND_EXCEPTION = f"{FrontendEventExceptionState.get_full_name()}.handle_frontend_exception"
USERS = {
    "admin@example.org": ("--role", "admin"),
    "limited@example.org": ("--role", "viewer", "--namespace", "iati"),
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    (folder / "monitor.yaml").write_text(CONFIGURATION)
    with running(folder) as product:
        assert product.webmon("apply", str(folder / "monitor.yaml")).returncode == 0
        for email, options in USERS.items():
            added = product.webmon(
                "user", "add", email, *options, "--password-stdin", text=PASSWORD
            )
            assert added.returncode == 0, added.stderr
        yield product


def sign_in(product: Product, who: str) -> str:
    """The cookie of a new session."""
    form = {"email": f"{who}@example.org", "password": PASSWORD}
    return httpx.post(f"{product.url}/auth/login", data=form).cookies[COOKIE]


def sign_out(product: Product, cookie: str) -> None:
    answer = httpx.post(f"{product.url}/auth/logout", headers={"cookie": f"{COOKIE}={cookie}"})
    assert answer.headers["location"] == "/login/"


@pytest.mark.parametrize("signs_out", [True, False])
def test_another_person_in_the_same_tab_sees_nothing_of_the_first(
    product: Product, signs_out: bool
) -> None:
    admin, tab = sign_in(product, "admin"), f"tab-{signs_out}"
    with open_wire(product.url, admin, tab) as wire:
        wire.send(LOAD)
        wire.wait_for("Vault")
    if signs_out:
        sign_out(product, admin)
    limited = sign_in(product, "limited")
    with open_wire(product.url, limited, tab) as wire:
        wire.send(LOAD)
        wire.wait_for("limited@example.org")
        wire.wait_for("loaded_rx_state_")
        assert "Vault" not in wire.heard and SECRET not in wire.heard


def test_a_tab_that_lost_its_connection_finds_again_what_it_showed(product: Product) -> None:
    admin = sign_in(product, "admin")
    with open_wire(product.url, admin, "kept") as wire:
        wire.send(f"{HostsState.get_full_name()}.search_for", text="Vau")
        wire.wait_for('"search_rx_state_":"Vau"')
    with open_wire(product.url, admin, "kept") as wire:
        assert '"search_rx_state_":"Vau"' in wire.heard


def test_a_viewer_cannot_write_the_log(product: Product) -> None:
    before = len("".join(product.output))
    forged = "boom\n12:00:00 web    ERROR   \x1b[31mforged\r\n" + "x" * 900_000
    with open_wire(product.url, sign_in(product, "limited"), "log") as wire:
        for _ in range(30):
            wire.send(FRONTEND_EXCEPTION, info=forged, component_stack="")
        wire.send(LOAD)
        wire.wait_for("limited@example.org")
    written = "".join(product.output)[before:]
    assert "Frontend Exception" in written
    assert len(written) < 60_000
    assert "\x1b" not in written
    lines = [line for line in written.splitlines() if "forged" in line]
    assert lines and all("Frontend Exception" in line for line in lines)
