"""The bare peers: the least that a web endpoint can do, on the server that we ship."""

import os
import sqlite3
import threading
from typing import Any

from flask import Flask, Response, jsonify, request

ANSWER = b'{"id": 1, "prediction": 4010.5}'


def parses() -> Flask:
    """Parses JSON and returns JSON."""
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> Response:
        asked = request.get_json()
        return jsonify(id=1, recorded=True, prediction=4010.5, input_data=asked)

    return app


def commits() -> Flask:
    """Parses JSON, commits one row in SQLite as durably as the ledger does, and returns JSON."""
    app = Flask(__name__)
    of_thread = threading.local()

    @app.post("/events/minio")
    def event() -> Response:
        if not hasattr(of_thread, "connection"):
            of_thread.connection = _connection()
        asked = request.get_json()
        connection = of_thread.connection
        connection.execute("BEGIN IMMEDIATE")
        key = asked["Records"][0]["s3"]["object"]["key"]
        row = connection.execute("INSERT INTO events (key) VALUES (?)", (key,)).lastrowid
        connection.execute("COMMIT")
        return jsonify(id=row)

    return app


def _connection() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, key TEXT)")
    return connection


async def constant(_scope: Any, protocol: Any) -> None:
    """Answers the same to all, unread: what the generator can get at most."""
    protocol.response_bytes(200, [("content-type", "application/json")], ANSWER)
