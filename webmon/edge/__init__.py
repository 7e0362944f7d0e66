"""The edge: one ASGI wrapper around everything that is served. It decides who may reach what.

`http_protocol` and `crowd` limit what a connection may take, `visit` reads a request, `gate`
decides, `answers` says no, `bodies` limits what may be sent, `headers` dresses every response,
`sockets` ends the sockets of ended sessions.
"""

from webmon.edge.gate import Edge

__all__ = ["Edge"]
