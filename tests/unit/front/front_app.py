"""A small app behind the front, served by granian for its tests."""

import json
import os
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

from flask import Flask, Response, jsonify, request

from ventas.front import Front, Headers, note_routes

LARGEST = 3_000_000
PART = b"x" * 70_000
PARTS = 40
IMPORTED_BY = os.getpid()


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.config["PROPAGATE_EXCEPTIONS"] = True
    note_routes(app)

    @app.route("/echo/<path:rest>", methods=["GET", "POST"])
    def echo(rest: str) -> Response:
        return jsonify(
            rest=rest,
            query=request.args.to_dict(),
            body=len(request.get_data()),
            headers={
                name: value for name, value in request.headers.items() if name.startswith(("X-", "Cookie"))
            },
            length=request.content_length,
            host=request.host,
            client=request.remote_addr,
        )

    @app.get("/long")
    def long() -> Response:
        return Response((part for part in repeat(PART, PARTS)), mimetype="application/octet-stream")

    @app.get("/process")
    def process() -> Response:
        return jsonify(worker=os.getpid(), imported_by=IMPORTED_BY)

    @app.get("/empty")
    def empty() -> Response:
        return Response(status=204)

    @app.get("/endless")
    def endless() -> Response:
        def parts() -> Iterator[bytes]:
            try:
                yield from repeat(PART)
            finally:
                Path("ended").touch()

        return Response(parts())

    @app.get("/slow")
    def slow() -> str:
        Path("slow").touch()
        time.sleep(1)
        return "done"

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError

    @app.post("/lane")
    def route() -> str:
        return "the route"

    return app


async def lane(data: bytes, headers: Headers) -> bytes | None:
    if data == b"{!":
        raise ZeroDivisionError
    told = {"lane": len(data), "mark": headers.get("x-mark", "")}
    return json.dumps(told).encode() if data.startswith(b"{") else None


def create_front() -> Front:
    def close() -> None:
        Path("closed").write_text("closed")

    def observe(method: str, route: str, status: int, seconds: float) -> None:
        with Path("observed").open("a") as file:
            file.write(f"{method} {route} {status} {seconds >= 1}\n")

    lanes = {"/lane": lane}
    return Front(create_app(), threads=2, largest_body=LARGEST, lanes=lanes, close=close, observe=observe)
