"""Swagger UI at `/docs`, from the assets of an installed package: the page refers to no other host."""

from pathlib import Path

import flask_openapi3_swagger  # type: ignore[import-untyped]
from flask import Blueprint, Response, render_template_string, url_for

_ASSETS = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

# What the page may load is enforced by the browser, so that nothing in the assets can call home either.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <title>Ventas API</title>
  <link rel="icon" href="{{ url_for('docs.static', filename='images/swagger.svg') }}">
  <link rel="stylesheet" href="{{ url_for('docs.static', filename='css/swagger-ui.css') }}">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="{{ url_for('docs.static', filename='js/swagger-ui-bundle.js') }}"></script>
  <script src="{{ url_for('docs.start') }}"></script>
</body>
</html>
"""

# Without `validatorUrl: null` the page would ask an online service for a badge.
_START = """window.ui = SwaggerUIBundle({
  url: %s,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""


def docs_routes(document_url: str) -> Blueprint:
    """The blueprint of the page, also at `/`; `document_url` is the path of the OpenAPI document."""
    routes = Blueprint("docs", __name__, static_folder=_ASSETS, static_url_path="/docs/assets")

    @routes.get("/")
    @routes.get("/docs")
    def docs() -> Response:
        return Response(
            render_template_string(_PAGE), mimetype="text/html", headers={"Content-Security-Policy": _POLICY}
        )

    @routes.get("/docs/start.js")
    def start() -> Response:
        url = url_for(document_url)
        return Response(_START % f'"{url}"', mimetype="text/javascript")

    return routes
