"""GET /api/openapi.json: the API described from its own code."""

import re
from typing import Any

from flask import Response, current_app

from dashboard.api.answers import json_answer
from dashboard.roles import Permission
from dashboard.section import Described, Section, parts

section = Section("api_openapi", __name__, "/api/openapi.json")
DESCRIBED = ("/api/", "/healthz", "/metrics", "/live")


@section.path("", Permission.VIEW)
def openapi() -> Response:
    """This document."""
    sections: tuple[Section, ...] = current_app.extensions["sections"]
    described = {name: text for each in sections for name, text in each.described.items()}
    needs = {name: need for each in sections for name, need in each.needs.items()}
    paths: dict[str, dict[str, Any]] = {}
    for rule in current_app.url_map.iter_rules():
        if not rule.rule.startswith(DESCRIBED) or rule.endpoint not in described:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        view = current_app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(
                path, view.__doc__ or "", described[rule.endpoint], needs[rule.endpoint]
            )
    return json_answer({
        "openapi": "3.1.0",
        "info": {"title": f"campus-monitor: {parts().site.school.name}", "version": "1"},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": dict(sorted(paths.items())),
    })  # fmt: skip


def _operation(
    path: str, text: str, described: Described, need: Permission | None
) -> dict[str, Any]:
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
               for name in re.findall(r"{(\w+)}", path)]  # fmt: skip
    in_query = [{"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
                for name, words in described.query.items()]  # fmt: skip
    operation: dict[str, Any] = {
        "summary": text.strip(),
        "parameters": in_path + in_query,
        "responses": {
            "200": {"description": "done"},
            "default": {
                "description": "what is wrong, and what to do",
                "content": {"application/problem+json": {"schema": {"type": "object"}}},
            },
        },
    }
    if need is not None:
        operation["security"] = [{"token": []}]
        operation["description"] = f"Needs the permission to {need}."
    if described.body:
        properties = {k: {"type": "string", "description": v} for k, v in described.body.items()}
        schema = {"type": "object", "properties": properties}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation
