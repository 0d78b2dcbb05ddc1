"""What a callback may reach: the API client and the settings of the app that serves the request.

Both hang on the Flask app, so that no module holds state and several apps can live in one process.
"""

from typing import cast

import flask

from dashboard.client import Api
from ventas.settings import Settings

_API = "VENTAS_API"
_SETTINGS = "VENTAS_SETTINGS"


def install(server: flask.Flask, settings: Settings) -> None:
    """Hang the settings and an API client made from them on `server`."""
    server.config[_SETTINGS] = settings
    server.config[_API] = Api(settings.API_URL)


def api() -> Api:
    """The API client of the app that serves this request."""
    return cast(Api, flask.current_app.config[_API])


def settings() -> Settings:
    """The settings of the app that serves this request."""
    return cast(Settings, flask.current_app.config[_SETTINGS])


def zone() -> str:
    """Name of the time zone in which moments are shown."""
    return settings().BUSINESS_TIMEZONE
