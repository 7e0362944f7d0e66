"""The MCP server over standard input and output. Imports `mcp`, an extra: load it only to serve."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema import ValidationError, validate
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from webmon import __version__, clock
from webmon.api import metrics
from webmon.api.mcp.tools import STATUS_TOOL, TOOLS, Tool
from webmon.api.problems import answer_with_problems
from webmon.api.rest import router as rest
from webmon.api.unavailable import answer_without_database
from webmon.origin import Way, coming

BY_NAME = {tool.name: tool for tool in TOOLS}
SHOWN = ("id", "namespace", "host", "name", "status", "since", "message")
MOST_SHOWN = 100

MayWrite = Callable[[], Awaitable[bool]]


class Refused(Exception):
    """What the API says of a request that it has not done."""


def _api() -> FastAPI:
    """The part of the API that the tools ask, in this process."""
    app = FastAPI(openapi_url=None)
    answer_without_database(app)
    answer_with_problems(app)
    app.include_router(metrics.router())
    app.include_router(rest.router())
    return app


def new_server(key: str, *, may_write: MayWrite) -> Server[Any]:
    """A server whose tools ask with ``key``; ``may_write()`` says whether those that write are
    listed."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(_api(), raise_app_exceptions=False),
        base_url=f"http://localhost{rest.PREFIX}",
        headers={"Authorization": f"Bearer {key}"},
    )

    async def list_tools(_context: Any, _parameters: Any) -> types.ListToolsResult:
        writes = await may_write()
        return types.ListToolsResult(
            tools=[_described(each) for each in TOOLS if writes or not each.writes]
        )

    async def call_tool(_context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            with coming(Way.MCP):
                said = await _answer(client, asked.name, dict(asked.arguments or {}))
        except Refused as error:
            return _result(str(error), is_error=True)
        return _result(json.dumps(said, ensure_ascii=False))

    return Server("beaconry", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


async def serve(key: str, *, may_write: MayWrite) -> None:
    """Serve one client until it closes standard input."""
    server = new_server(key, may_write=may_write)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _described(tool: Tool) -> types.Tool:
    hints = types.ToolAnnotations(read_only_hint=not tool.writes, destructive_hint=False)
    return types.Tool(
        name=tool.name, description=tool.description, input_schema=tool.schema, annotations=hints
    )


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], is_error=is_error
    )


async def _answer(client: httpx.AsyncClient, name: str, arguments: dict[str, Any]) -> Any:
    """What the API answers.

    Raises:
        Refused: there is no such tool, an argument is wrong, or the API refuses.
    """
    tool = BY_NAME.get(name)
    if tool is None:
        raise Refused(f"there is no tool {name}")
    try:
        validate(arguments, tool.schema)
    except ValidationError as error:
        where = ".".join(str(each) for each in error.absolute_path)
        raise Refused(f"{where}: {error.message}" if where else error.message) from None
    if tool.name == STATUS_TOOL:
        return await _status(client, arguments)
    in_path = {each: arguments.pop(each) for each in ("of", "id") if f"{{{each}}}" in tool.path}
    path = tool.path.format(**in_path)
    if arguments.get("starts_at") == "now":
        arguments["starts_at"] = clock.utcnow().isoformat()
    if tool.writes:
        return await _ask(client, "POST", path, json=arguments)
    if tool.name == "metrics":
        return _figures(await _ask(client, "GET", path), arguments)
    return await _ask(client, "GET", path, params=_query(arguments))


async def _ask(client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> Any:
    answer = await client.request(method, path, **sent)
    if answer.is_success:
        return answer.json()
    try:
        told = answer.json()
    except ValueError:
        raise Refused("something went wrong here; the log says what") from None
    fields = [f"{each['pointer']}: {each['detail']}" for each in told.get("errors", ())]
    raise Refused("; ".join(fields) or told["detail"])


def _query(arguments: dict[str, Any]) -> dict[str, str]:
    """As the API reads them: true, not True."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in arguments.items()
    }


async def _status(client: httpx.AsyncClient, arguments: dict[str, Any]) -> dict[str, Any]:
    """Of every service that the key sees, counted now; not older than the last check."""
    wanted = {**arguments, "fields": ",".join(SHOWN), "limit": "200"}
    services: list[dict[str, Any]] = []
    while True:
        found = await _ask(client, "GET", "/services", params=wanted)
        services += found["items"]
        if not found["next_cursor"]:
            break
        wanted["cursor"] = found["next_cursor"]
    incidents = await _ask(
        client, "GET", "/incidents", params={**arguments, "open": "true", "limit": "100"}
    )
    not_up = [each for each in services if each["status"] not in ("up", "paused")]
    return {
        "services": Counter(each["status"] for each in services),
        "not_up": not_up[:MOST_SHOWN],
        "not_up_left_out": max(len(not_up) - MOST_SHOWN, 0),
        "open_incidents": incidents["items"],
    }


def _figures(told: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of the hosts that are asked for; the totals are of all that the key sees."""
    namespace, host = arguments.get("namespace"), arguments.get("host")
    hosts = [
        each
        for each in told["hosts"]
        if namespace in (None, each["namespace"]) and host in (None, each["name"])
    ]
    return {**told, "hosts": hosts}
