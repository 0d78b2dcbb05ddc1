"""`mlflow server` in one process.

    python -m ventas.launcher.mlflow_server server --workers 1 ...

MLflow's command prepares the stores and then starts uvicorn as a process of its own, and all of MLflow is imported
twice. Here uvicorn runs where the stores were prepared.
"""

import os
from typing import Any

# Before MLflow: by its being there, MLflow sees that it will serve, and guards its pages.
import uvicorn
from mlflow import cli, server

from ventas.launcher import mlflow_alias, mlflow_sqlite


def serve_here(command: list[str], *, extra_env: dict[str, str], **_: Any) -> None:
    """Run the uvicorn that `command` would start (python -m uvicorn ...), until it is told to stop."""
    mlflow_sqlite.keep_every_commit()
    mlflow_alias.compare_and_set()
    os.environ.update(extra_env)
    uvicorn.main(command[command.index("uvicorn") + 1 :])


if __name__ == "__main__":
    mlflow_sqlite.make_tables_quickly()
    # Should a later MLflow start uvicorn in another way, then it does so, in a second process.
    server._exec_cmd = serve_here
    cli.cli()
