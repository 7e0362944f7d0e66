"""The public application as a whole: documents about itself, and the built files."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from webmon import frontend
from webmon.api.app import public_app

SCRIPT = b"export const nothing = 0;\n" * 50


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like the public build."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "root-C-pEf6ed.js").write_bytes(SCRIPT)
    (assets / "root-C-pEf6ed.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "plain.css").write_text("p {}")
    (tmp_path / "secret.txt").write_text("not for you")
    monkeypatch.setattr(frontend, "static_dir", lambda _: tmp_path)
    return tmp_path


@pytest.fixture
async def client(site: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(public_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_script_is_sent_as_it_was_compressed_by_the_build(
    client: httpx.AsyncClient, encoding: str
) -> None:
    path = "/assets/root-C-pEf6ed.js"
    answer = await client.get(path, headers={"accept-encoding": encoding})
    assert answer.content == SCRIPT
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_file_without_a_compressed_copy_is_sent_plain(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/plain.css", headers={"accept-encoding": "gzip"})
    assert (answer.text, "content-encoding" in answer.headers) == ("p {}", False)


@pytest.mark.parametrize(
    "path",
    ["/assets/", "/assets/nothing.js", "/assets/%2e%2e/secret.txt", "/favicon.svg", "/api/v1/none"],
)
async def test_what_is_not_there_is_json_404(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Not Found"


async def test_the_icon_is_served(client: httpx.AsyncClient, site: Path) -> None:
    (site / "favicon.svg").write_text("<svg/>")
    assert (await client.get("/favicon.svg")).headers["content-type"] == "image/svg+xml"


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/healthz", "/readyz", "/auth/login", "/api/v1/status"} <= set(document["paths"])


async def test_the_docs_name_every_operation_and_load_nothing(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/docs")).text
    document = (await client.get("/api/openapi.json")).json()
    for path in document["paths"]:
        assert path in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
