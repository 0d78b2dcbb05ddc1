"""The process in which a supervisor spends its life: it has loaded little.

Reading the settings takes pydantic and 25 MB, once; a supervisor runs as long as its service, and there are ten.
So the one who has read them puts this in its own place, under the same process number.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from ventas.errors import VentasError
from ventas.launcher.launch import Launch
from ventas.launcher.supervisor import Supervisor

ORDER = "VENTAS_SUPERVISE"  # the launch, as JSON; no argument, for it holds passwords


def become_supervisor(name: str, launch: Launch, home: Path, *, echo: bool) -> NoReturn:
    """Go on as the supervisor of `name`: until a signal, or until the process that started this one ends."""
    order = json.dumps({"launch": asdict(launch), "home": str(home), "echo": echo})
    sys.stdout.flush()
    # -P: whatever lies in the current folder is not imported.
    words = [sys.executable, "-P", "-m", "ventas.launcher.supervise", name]
    os.execve(sys.executable, words, {**os.environ, ORDER: order})  # noqa: S606 (our own words)


def main() -> None:
    """Take the order and supervise; an error meant for people is one line on stderr and exit code 1."""
    order = json.loads(os.environ.pop(ORDER))  # not for the service to inherit
    launch = Launch(**order["launch"])
    try:
        Supervisor(sys.argv[1], lambda: launch, Path(order["home"]), echo=order["echo"]).run()
    except VentasError as error:
        sys.exit(f"ventas: {error}")


if __name__ == "__main__":
    main()
