"""The front of every web service of ours: whole requests in, a WSGI app in a few threads behind it."""

from ventas.front.front import Front, Headers, Lane
from ventas.front.routes import note_routes

__all__ = ["Front", "Headers", "Lane", "note_routes"]
