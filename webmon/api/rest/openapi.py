"""The OpenAPI document: FastAPI's, with our errors and how a key travels."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from webmon.api.problems import Problem, problems

REFERENCE = "#/components/schemas/{model}"
SECURED = "401"
SCHEME = "apiKey"


def describe(app: FastAPI) -> None:
    """Let ``app`` describe itself so."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=app.openapi_version,
                description=app.description,
                routes=app.routes,
            )
            app.openapi_schema = _completed(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template=REFERENCE)
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    document["components"]["securitySchemes"] = {
        SCHEME: {"type": "http", "scheme": "bearer", "description": "A key, wm_…"}
    }
    for path in document["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            if "HTTPValidationError" in str(responses.get("422")):
                responses["422"] = problems(422)[422]
            if SECURED in responses:
                operation["security"] = [{SCHEME: []}]
    return document
