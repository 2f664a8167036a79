"""The description of the API without a hospital behind it, for the committed openapi.json."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI

from server.app.factory import API_VERSION, all_routers, openapi_of
from server.doors.router import serve


def description() -> dict[str, Any]:
    """Give the OpenAPI description of every route."""
    routers = all_routers()
    api = FastAPI(title="Hospital Twin", version=API_VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    serve(api, routers)
    return openapi_of(api, routers)


def openapi_text() -> str:
    """Give the description as text with sorted keys, so that two of them can be compared line by line."""
    return json.dumps(description(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
