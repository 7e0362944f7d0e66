"""The built front end's files, compressed where the build left a compressed copy beside them."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from webmon.domain.negotiation import takes_gzip


class PrecompressedFiles(StaticFiles):
    """`StaticFiles` that answers with ``name.gz`` where there is one and the client takes it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at ``path``, compressed where possible."""
        response = None
        if takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            response = await self._compressed(path, scope)
        response = response or await super().get_response(path, scope)
        response.headers.add_vary_header("Accept-Encoding")
        return response

    async def _compressed(self, path: str, scope: Scope) -> Response | None:
        try:
            response = await super().get_response(f"{path}.gz", scope)
        except HTTPException:
            return None
        response.headers["content-encoding"] = "gzip"
        return response


def single_file(path: Path) -> Callable[[], Awaitable[Response]]:
    """A route that answers with one file."""

    async def answer() -> Response:
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path)

    return answer
