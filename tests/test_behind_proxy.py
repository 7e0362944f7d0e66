"""The running product behind nginx, with the lines that its documentation shows first."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from bench.processes import free_port
from pages.admin.hosts.state import HostsState
from tests.browser import launch
from tests.pages.wire import open_wire
from tests.product import Product, eventually, running
from webmon.domain.accounts.sessions import COOKIE

PASSWORD = "correct horse battery staple"
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {target}; {lines} }} }}
}}
"""
HOSTS = """
namespaces: [{slug: iati, name: IATI}]
hosts: [{name: Datastore, namespace: iati}]
"""
WEBSOCKETS = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    "proxy_set_header Connection $connection_upgrade;"
)
FORWARDED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"


class Site:
    """The product, and the address at which nginx serves it."""

    def __init__(self, product: Product, port: int) -> None:
        self.product = product
        self.port = port
        self.url = f"http://localhost:{port}"

    @contextmanager
    def nginx(self, lines: str) -> Iterator[None]:
        """nginx with these lines after its ``proxy_pass``."""
        folder = self.product.folder
        path = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin")
        assert path, "nginx is missing: sudo apt-get install nginx-light"
        file = folder / "nginx.conf"
        target = self.product.url
        file.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, target=target, lines=lines)
        )
        command = [path, "-p", str(folder), "-c", str(file), "-e", str(folder / "nginx.log")]
        process = subprocess.Popen(command)
        try:
            address = ("127.0.0.1", self.port)
            eventually(lambda: socket.create_connection(address, 1).close() or True)
            yield
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    port = free_port()
    with running(folder, WEBMON_BASE_URL=f"http://localhost:{port}") as product:
        admin = ("user", "add", "admin@example.org", "--role", "admin", "--password-stdin")
        assert product.webmon(*admin, text=PASSWORD).returncode == 0
        (folder / "monitor.yaml").write_text(HOSTS)
        assert product.webmon("apply", str(folder / "monitor.yaml")).returncode == 0
        yield Site(product, port)


FORM = {"email": "admin@example.org", "password": PASSWORD}


@pytest.mark.parametrize("host", ["", "proxy_set_header Host $host;"])
def test_signing_in_the_list_and_signing_out_work_with_the_usual_lines(
    site: Site, host: str
) -> None:
    with site.nginx(WEBSOCKETS + host), httpx.Client(base_url=site.url) as client:
        client.headers["origin"] = site.url
        assert client.post("/auth/login", data=FORM).headers["location"] == "/admin/"
        with open_wire(site.url, client.cookies[COOKIE], "tab", origin=site.url) as wire:
            wire.send(f"{HostsState.get_full_name()}.load")
            wire.wait_for("Datastore")
        assert client.post("/auth/logout").headers["location"] == "/login/"


def test_a_long_cookie_line_does_not_break_the_socket(site: Site) -> None:
    """Straight at the product: nginx takes 8 kB a line unless it is told otherwise."""
    product = site.product
    token = httpx.post(f"{product.url}/auth/login", data=FORM).cookies[COOKIE]
    with open_wire(product.url, f"{token}; other={'x' * 20_000}", "long") as wire:
        wire.send(f"{HostsState.get_full_name()}.load")
        wire.wait_for("Datastore")


@pytest.mark.browser
def test_the_admin_app_names_what_the_proxy_does_not_do(site: Site) -> None:
    """With a bare ``proxy_pass``; and an address that it reports but that is not believed."""
    with site.nginx(FORWARDED), sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(base_url=site.url)
        page.goto("/login/")
        page.fill("[name=email]", FORM["email"])
        page.fill("[name=password]", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_url("**/admin/")
        expect(page.locator("#no-sockets")).to_be_visible(timeout=60_000)
        expect(page.locator("#server-away")).to_be_hidden()
        page.reload()
        expect(page.locator("#unbelieved-proxy")).to_be_visible(timeout=30_000)
    told = "".join(site.product.output)
    assert "a proxy in front does not pass WebSockets on" in told
    assert "requests carry x-forwarded-for, which is not believed" in told
    said = site.product.webmon("doctor").stdout
    assert "set WEBMON_TRUSTED_PROXIES to the number of proxies in front" in said
