"""One run in full, as `ventas run ID` prints it."""

from rich.console import Console

from ventas.api_client import ApiClient, Json
from ventas.cli.output import (
    console,
    local_time,
    plain,
    plain_table,
    print_json,
    seconds_between,
    status_text,
)
from ventas.cli.report import print_outcome, print_quality
from ventas.cli.stages import is_final
from ventas.settings import load_settings


def show_run(run_id: str, as_json: bool) -> None:
    """Print the run with this id, or with the only id that starts so. Raises NotFound and InvalidRequest."""
    with ApiClient(load_settings()) as api:
        run = api.find_run(run_id)
    if as_json:
        print_json(run)
        return
    out = console()
    _print_identity(out, run)
    _print_steps(out, run)
    if is_final(run):
        print_outcome(out, run)
    else:
        print_quality(out, run.get("quality") or {})


def _print_identity(out: Console, run: Json) -> None:
    facts = {
        "run": run["id"],
        "status": status_text(run["status"]),
        "file": f"{run['bucket']}/{run['key']}",
        "version": run["version_id"],
        "size": f"{run['size']:,} bytes" if run.get("size") is not None else "",
        "uploaded": local_time(run.get("uploaded_at")),
        "received": local_time(run["created_at"]),
        "finished": local_time(run.get("finished_at")),
        "model": f"v{run['model_version']}" if run.get("model_version") else "",
        "dataset": _deleted(run, "dataset_deleted_at", "KEEP_DATASETS_DAYS"),
        "upload": _deleted(run, "upload_deleted_at", "KEEP_REJECTED_DAYS"),
        "MLflow": run.get("mlflow_run_id") or "",
    }
    table = plain_table("", "value", elastic={"value"})
    table.show_header = False
    for name, value in facts.items():
        if value:
            table.add_row(plain(name, "bold"), value if name == "status" else plain(value))
    out.print(table)


def _deleted(run: Json, member: str, setting: str) -> str:
    deleted = local_time(run.get(member))
    return f"deleted {deleted} ({setting})" if deleted else ""


def _print_steps(out: Console, run: Json) -> None:
    if not run.get("steps"):
        return
    table = plain_table("step", "attempt", "started", "took", "outcome", "error", elastic={"error"})
    for step in run["steps"]:
        took = seconds_between(step["started_at"], step["ended_at"])
        table.add_row(
            plain(step["step"]),
            str(step["attempt"]),
            local_time(step["started_at"]),
            "" if took is None else f"{took:.1f} s",
            plain(step["outcome"] or "working"),
            plain(step["error"] or "", "red"),
        )
    out.print()
    out.print(table)
