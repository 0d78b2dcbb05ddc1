"""What gunicorn has no option for; it reads this module as its configuration."""

import socket
import struct
from typing import Any

READ_SECONDS = 5


def when_ready(server: Any) -> None:
    """Give up on a client that sends nothing for READ_SECONDS in the middle of its request.

    A thread that reads a request waits for the client without end: as many half requests as there are threads
    would keep everybody out. Connections take this time-out from the socket that accepts them.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))
