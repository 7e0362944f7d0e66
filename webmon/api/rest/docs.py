"""The API for people to read: one plain page, drawn from the OpenAPI document."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.svg">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 48px auto; padding: 24px }}
h2 {{ font: 600 1rem ui-monospace, monospace; margin: 32px 0 0 }}
p {{ margin: 4px 0; white-space: pre-line }}
</style></head>
<body><main><h1>{title}</h1>
<p>The same for machines: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
{operations}</main></body></html>
"""


@router.get("/api/docs")
def docs(request: Request) -> HTMLResponse:
    """Every operation with its description and parameters."""
    document = request.app.openapi()
    operations = [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = f"{document['info']['title']} API"
    return HTMLResponse(PAGE.format(title=escape(title), operations="".join(operations)))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary", "")
    names = [f"{item['name']} ({item['in']})" for item in operation.get("parameters", ())]
    parameters = f"<p>Parameters: {escape(', '.join(names))}</p>" if names else ""
    return (
        f"<section><h2>{method.upper()} {escape(path)}</h2>"
        f"<p>{escape(text)}</p>{parameters}</section>\n"
    )
