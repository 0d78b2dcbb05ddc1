"""`ventas runs`: the runs of the pipeline, newest first."""

import click
from rich.text import Text

from ventas.api_client import ApiClient, Json
from ventas.cli.output import SHORT_ID, clipped, console, local_time, plain_table, print_json, status_text
from ventas.settings import load_settings
from ventas.states import RunStatus


@click.command()
@click.option("--status", type=click.Choice([status.value for status in RunStatus]), help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def runs(status: str | None, limit: int, as_json: bool) -> None:
    """List the runs of the pipeline, newest first; `ventas run ID` shows one."""
    with ApiClient(load_settings()) as api:
        found = api.runs(status=status, limit=limit)
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        out.print("No runs yet; `ventas drop FILE` starts one." if status is None else f"No run is {status}.")
        return
    table = plain_table("id", "received", "status", "file", "model", "why", elastic={"file", "why"})
    for run in found:
        table.add_row(
            run["id"][:SHORT_ID],
            local_time(run["created_at"]),
            status_text(run["status"]),
            clipped(run["key"]),
            f"v{run['model_version']}" if run.get("model_version") else "",
            _why(run),
        )
    out.print(table)


def _why(run: Json) -> Text:
    progress = run.get("progress")
    if run["status"] == RunStatus.RETRAIN and progress:
        return clipped(f"{progress['done']} of {progress['total']} candidates", "dim")
    return clipped((run.get("verdict") or {}).get("reason") or run.get("reason") or "", "dim")
