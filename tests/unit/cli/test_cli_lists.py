"""`ventas runs`, `models`, `predict`, `sample`, one run in full, and the command itself."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_stand_ins import RUN_ID, ScriptedApi, a_run, a_step, from_json
from click.testing import Result

from ventas.cli.main import COMMANDS, SUMMARIES
from ventas.cli.show import show_run
from ventas.errors import InvalidRequest, NotFound

Ventas = Callable[..., Result]

OLDER = "019ab0f2-7c41-7000-8000-000000000000"
MODEL = {
    "version": 2, "aliases": ["champion"], "stage": "Production", "run_id": "5f0e", "pipeline_run_id": RUN_ID,
    "metrics": {"test_rmse": 96.104, "cv_rmse": 99.5, "test_r2": 0.9904}, "params": {}, "served": True,
    "created_at": "2026-11-23T13:00:09Z", "tags": {},
}  # fmt: skip
PREDICTION = {
    "id": 17, "recorded": True, "prediction": 1605.2, "model_version": 2, "Fecha": "2026-11-30",
    "date_assumed": True, "input_data": {}, "timestamp": "2026-11-23T13:00:00Z",
}  # fmt: skip


def test_runs_are_listed_newest_first(ventas: Ventas, api: ScriptedApi) -> None:
    api.listed = [
        a_run(),
        a_run(
            id=OLDER, status="retrain", key="2022/ventas.csv", progress={"done": 3, "total": 12}, verdict=None
        ),
    ]
    lines = ventas("runs").stdout.splitlines()
    assert re.search(r"^019ab0f2-7c41 .* promoted .* ventas.csv .* v2 .* Version 2 is better", lines[1])
    assert re.search(r"retrain .* 2022/ventas.csv .* 3 of 12 candidates", lines[2])
    assert [run["id"] for run in from_json(ventas("runs", "--json", "--limit", 1))] == [RUN_ID]
    assert [run["id"] for run in from_json(ventas("runs", "--json", "--status", "retrain"))] == [OLDER]


def test_no_runs_say_how_to_start_one(ventas: Ventas, api: ScriptedApi) -> None:
    assert "ventas drop FILE" in ventas("runs").stdout
    assert from_json(ventas("runs", "--json")) == []
    assert ventas("runs", "--status", "failed").stdout == "No run is failed.\n"


def test_one_run_is_found_by_the_start_of_its_id(ventas: Ventas, api: ScriptedApi, capsys) -> None:
    lost = a_step("etl", outcome="lost", error="The worker stopped renewing its lease.")
    api.listed = [a_run(steps=[lost, a_step("etl", attempt=2)]), a_run(id=OLDER)]
    show_run("019AB0F2-7c41-7e", as_json=False)
    shown = capsys.readouterr().out
    for words in (
        RUN_ID,
        "promoted",
        "ventas/ventas.csv",
        "6,042 bytes",
        "lost",
        "stopped renewing",
        "2.0 s",
    ):
        assert words in shown
    show_run(OLDER, as_json=True)
    assert f'"id": "{OLDER}"' in capsys.readouterr().out
    several = {"title": "Unfit", "status": 422, "detail": "Several runs begin with 019ab0f2-7c41."}
    api.answers["/runs/019ab0f2-7c41"] = (422, several)
    with pytest.raises(InvalidRequest, match="Several runs begin with 019ab0f2-7c41"):
        show_run("019ab0f2-7c41", as_json=False)
    with pytest.raises(NotFound, match="There is no run 0"):
        show_run("0" * 36, as_json=False)
    with pytest.raises(InvalidRequest, match="is no run id"):
        show_run("minio/../x", as_json=False)


def test_the_champion_is_marked(ventas: Ventas, api: ScriptedApi) -> None:
    assert "No model yet" in ventas("models").stdout
    api.models = [
        MODEL
        | {
            "version": 3,
            "aliases": ["challenger"],
            "stage": "Staging",
            "served": False,
            "awaits_approval": True,
        },
        MODEL,
        MODEL | {"version": 1, "aliases": [], "stage": "Archived", "served": False, "metrics": {}},
    ]
    _, third, second, first = ventas("models").stdout.splitlines()
    assert re.search(r"^ +3 +Staging .* challenger, awaits approval", third)
    assert re.search(r"★ 2 +Production +96\.10 +99\.50 +0\.990 .* 019ab0f2-7c41 +champion, served", second)
    assert re.search(r"^ +1 +Archived", first)
    assert from_json(ventas("models", "--json"))[1]["version"] == 2


def test_a_prediction_names_day_and_version(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/predict"] = (200, PREDICTION)
    result = ventas("predict", "--weekday", 1, "--promotion")
    assert result.stdout == "1,605.20 on Monday 2026-11-30 (the next one), by model version 2.\n"
    ventas("predict", "--date", "2026-12-25", "--holiday", "--json")
    assert [asked[2] for asked in api.asked] == [
        {"DíaDeLaSemana": 1, "Promociones": 1, "Festivo": 0},
        {"DíaDeLaSemana": 5, "Promociones": 0, "Festivo": 1, "Fecha": "2026-12-25"},
    ]
    assert from_json(ventas("predict", "--weekday", 1, "--json")) == PREDICTION


def test_a_prediction_with_an_interval_says_between_what(ventas: Ventas, api: ScriptedApi) -> None:
    interval = {"low": 1431.7, "high": 1771.2, "coverage": 0.8}
    api.answers["/predict"] = (200, PREDICTION | {"interval": interval})
    assert "Between 1,431.70 and 1,771.20 with 80%." in ventas("predict", "--weekday", 1).stdout


ERRORS = {
    "model_version": 2, "shadow": False, "segment": None, "rows": 30, "first": "2026-11-02", "last": "2026-12-01",
    "mae": 75.5, "rmse": 98.12, "wape": 0.047, "coverage": 0.8, "intervals": 30, "verdict_rmse": 96.1,
}  # fmt: skip
ALERT = {
    "id": 3, "created_at": "2026-12-02T13:00:09Z", "kind": "overtaken", "cause": "overtaken:2:3", "model_version": 2,
    "rival_version": 3, "message": "Version 3 is better.", "value": 9.0, "limit": 10.0, "run_id": RUN_ID,
    "action": "rollback", "acted_at": "2026-12-02T13:00:10Z", "note": "Version 3 was put in its place.",
}  # fmt: skip


def test_live_errors_are_a_table_with_the_shadow_told_apart(ventas: Ventas, api: ScriptedApi) -> None:
    shadow = ERRORS | {"model_version": 3, "shadow": True, "coverage": None, "verdict_rmse": None}
    api.answers["/accuracy"] = (200, [shadow, ERRORS])
    _, first, second = ventas("accuracy").stdout.splitlines()
    assert re.search(r"^3 shadow +30 +75.50 +98.12 +4.7% +2026-11-02", first)
    assert re.search(r"^2 +30 +75.50 +98.12 +96.10 +4.7% +80.0% +2026-11-02 +2026-12-01$", second)
    assert from_json(ventas("accuracy", "--json", "--by", "weekday", "--since", "2026-11-02")) == [
        shadow,
        ERRORS,
    ]


def test_alerts_say_what_was_done(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/alerts"] = (200, [ALERT])
    shown = ventas("alerts").stdout.splitlines()[1]
    assert re.search(r"overtaken +2 +rollback +Version 3 is better. +Version 3 was put in its place.", shown)
    assert from_json(ventas("alerts", "--json")) == [ALERT]


def test_without_live_errors_and_alerts_it_says_so(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers |= {"/accuracy": (200, []), "/alerts": (200, [])}
    assert "No prediction has come true yet" in ventas("accuracy").stdout
    assert ventas("alerts").stdout == "No alert.\n"


def test_further_columns_are_sent_as_the_type_that_they_have(ventas: Ventas, api: ScriptedApi) -> None:
    types = {"Tienda": "text", "Abierto": "number"}
    columns = [{"name": name, "type": kind} for name, kind in types.items()]
    api.answers["/models/champion/columns"] = (200, {"columns": columns})
    api.answers["/predict"] = (200, PREDICTION)
    assert ventas("predict", "--weekday", 7, "--set", "Tienda=17", "--set", "Abierto=1").exit_code == 0
    (body,) = (body for method, path, body in api.asked if path == "/predict")
    assert body == {
        **{"DíaDeLaSemana": 7, "Promociones": 0, "Festivo": 0},
        **{"Tienda": "17", "Abierto": 1.0},
    }
    for wrong in ("Tienda", "Local=3", "Abierto=sí"):
        refused = ventas("predict", "--weekday", 7, "--set", wrong)
        assert refused.exit_code == 1
        assert f"--set {wrong}" in refused.stderr


def test_a_prediction_tells_what_was_assumed(ventas: Ventas, api: ScriptedApi) -> None:
    known = {"Fecha": True, "Tienda": True, "open": False, "plan": False}
    api.answers["/predict"] = (
        200, PREDICTION | {"prediction": 0.0, "series": "17", "known": known, "closed_assumed": True}
    )  # fmt: skip
    shown = ventas("predict", "--weekday", 7).stdout
    assert "taken to be closed" in shown
    assert "not the sum" not in shown
    api.answers["/predict"] = (200, PREDICTION | {"series": "Z", "known": known | {"Tienda": False}})
    assert "The champion does not know Tienda Z" in ventas("predict", "--weekday", 7).stdout
    unnamed = {"series": "", "known": known | {"Tienda": False}, "closed_assumed": False}
    api.answers["/predict"] = (200, PREDICTION | unnamed)
    shown = ventas("predict", "--weekday", 7).stdout
    assert "Without Tienda this is of any one, not the sum of all" in shown
    assert "closed" not in shown


def test_a_prediction_that_is_not_in_the_history_says_so(ventas: Ventas, api: ScriptedApi) -> None:
    api.answers["/predict"] = (200, PREDICTION | {"recorded": False, "id": None})
    result = ventas("predict", "--weekday", 1)
    assert result.exit_code == 0
    assert "could not be written to the history" in result.stderr


@pytest.mark.parametrize(
    ("status", "problem", "told"),
    [
        (503, {"title": "No champion", "detail": "No model yet."}, "cannot do that now: No model yet."),
        (422, {"title": "Invalid", "detail": "One is bad.", "errors": [{"field": "Fecha", "message": "is odd"}]},
         "One is bad. Fecha: is odd"),
        (502, {"message": "hello"}, "is not the API of this system"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence(
    ventas: Ventas, api: ScriptedApi, status: int, problem: dict, told: str
) -> None:
    api.answers["/predict"] = (status, problem)
    result = ventas("predict", "--weekday", 1)
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Say which day"),
        (["--date", "2026-11-30", "--weekday", 2], "2026-11-30 is a Monday, weekday 1, not 2."),
        (["--weekday", 8], "1<=x<=7"),
    ],
)
def test_a_day_that_cannot_be_is_refused_here(ventas: Ventas, arguments: list, told: str) -> None:
    result = ventas("predict", *arguments)
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.parametrize("url", ["ftp://somewhere", "nothing"])
def test_an_impossible_address_names_its_setting(
    ventas: Ventas, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("API_URL", url)
    result = ventas("runs")
    assert result.exit_code == 1
    assert "API_URL" in result.stderr


def test_a_bad_setting_is_one_sentence(ventas: Ventas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "many")
    result = ventas("models")
    assert result.exit_code == 1
    assert "SEED" in result.stderr


def test_the_sample_is_the_same_for_the_same_seed_and_replaces_nothing(ventas: Ventas) -> None:
    assert "Next: .venv/bin/ventas drop ventas.csv" in ventas("sample", "--days", 30).stdout
    first = Path("ventas.csv").read_bytes()
    again = from_json(ventas("sample", "--days", 30, "--out", "other.csv", "--json"))
    assert Path(again["path"]).read_bytes() == first
    refused = ventas("sample", "--days", 9)
    assert refused.exit_code == 1
    assert "ventas.csv is there already" in refused.stderr
    assert Path("ventas.csv").read_bytes() == first
    assert ventas("sample", "--days", 9, "--force").exit_code == 0
    assert Path("ventas.csv").read_bytes() != first
    assert "Cannot write no/where.csv" in ventas("sample", "--out", "no/where.csv").stderr


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("mis ventas.csv", "drop 'mis ventas.csv'"),
        ("mis datos.csv", "drop 'mis datos.csv' --key 'ventas-mis datos.csv'"),
        ("datos.txt", "drop datos.txt --key ventas-datos.csv"),
    ],
)
def test_the_next_command_can_be_pasted(ventas: Ventas, out: str, told: str) -> None:
    assert ventas("sample", "--days", 30, "--out", out).stdout.endswith(f"Next: .venv/bin/ventas {told}\n")


def test_a_chain_of_stores_is_made_with_its_noise_told(ventas: Ventas) -> None:
    said = ventas("sample", "--stores", 3, "--days", 40, "--customers").stdout
    assert "Wrote 40 days of 3 stores to ventas.csv" in said
    lines = Path("ventas.csv").read_text("utf-8").splitlines()
    assert lines[0].endswith(",Tienda,TipoTienda,Región,FeriadoEscolar,Precio,Abierto,Clientes")
    assert len(lines) == 1 + 3 * 40
    told = from_json(ventas("sample", "--stores", 3, "--days", 40, "--force", "--json"))
    assert (told["days"], told["stores"]) == (40, 3)
    assert f"an RMSE of {told['noise_floor']:,.0f}." in said
    assert "--stores" in ventas("sample", "--customers", "--force").stderr
    assert "more than 5,000,000 rows" in ventas("sample", "--stores", 20000, "--days", 300, "--force").stderr


def test_help_names_every_command_and_loads_none(ventas: Ventas) -> None:
    for name in COMMANDS:
        assert re.search(rf"^  {name} +{re.escape(SUMMARIES[name])}$", ventas("--help").stdout, re.MULTILINE)
    loaded = "import sys, ventas.cli.main as m; m.cli(['--help'], standalone_mode=False); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    ).stdout
    assert not {"rich", "httpx", "minio", "pydantic", "pandas"} & set(modules.split())


def test_no_command_of_a_client_loads_pandas_or_mlflow() -> None:
    names = ["drop", "runs", "predict", "models", "sample"]
    loaded = f"import sys, ventas.cli.main as m; [m.cli.get_command(None, n) for n in {names}]; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    ).stdout
    assert not {"pandas", "numpy", "mlflow", "sklearn", "sqlalchemy", "flask"} & set(modules.split())


def test_version_and_unknown_commands(ventas: Ventas) -> None:
    assert re.fullmatch(r"ventas, version \d+\.\d+\.\d+\n", ventas("--version").stdout)
    assert "No such command 'fly'" in ventas("fly").stderr
    assert ventas("fly").exit_code == 1
