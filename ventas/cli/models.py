"""`ventas models`: the versions of the model, with their errors and the champion marked."""

import click
from rich.text import Text

from ventas.api_client import ApiClient, Json
from ventas.cli.output import SHORT_ID, clipped, console, figure, local_time, plain_table, print_json
from ventas.settings import load_settings

METRICS = {"test RMSE": ("test_rmse", 2), "cv RMSE": ("cv_rmse", 2), "test R²": ("test_r2", 3)}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def models(as_json: bool) -> None:
    """List the versions of the model with their errors; ★ is the champion, and which await approval.

    The errors belong to each version's own test rows: only a run's verdict compares two on the same rows.
    """
    with ApiClient(load_settings()) as api:
        found = api.models()
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        out.print("No model yet; `ventas drop FILE` makes the first.")
        return
    table = plain_table("version", "stage", *METRICS, "created", "run", "", elastic={"", "stage"})
    for model in found:
        table.add_row(
            _version(model),
            clipped(model.get("stage") or ""),
            *(figure(model["metrics"].get(name), digits) for name, digits in METRICS.values()),
            local_time(model["created_at"]),
            (model.get("pipeline_run_id") or "")[:SHORT_ID],
            clipped(_role(model), "dim"),
        )
    out.print(table)


def _version(model: Json) -> Text:
    return (
        Text(f"★ {model['version']}", "bold green") if _is_champion(model) else Text(f"  {model['version']}")
    )


def _is_champion(model: Json) -> bool:
    is_unregistered = model.get("missing") == "version"  # then it has no alias any more
    return "champion" in model["aliases"] or bool(is_unregistered and model.get("served"))


def _role(model: Json) -> str:
    more = {
        "served": model.get("served"),
        "awaits approval": model.get("awaits_approval"),
        "files deleted": model.get("files_deleted"),
        "its MLflow run is gone": model.get("missing") == "run",
        "gone from MLflow": model.get("missing") == "version",
    }
    roles = [*model["aliases"], *(name for name, so in more.items() if so)]
    return ", ".join(roles)
