"""uvicorn's WebSocket connection, whose client has not long to take its leave."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_SECONDS = 2.0


class GuardedSocket(WebSocketsSansIOProtocol):
    """One WebSocket. A stranger's is closed by us, and must not stay until they agree."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_SECONDS
