"""A dropped list of days comes back with the champion's forecasts, on real parts."""

import io

import numpy as np
import pandas as pd
import pytest
from minio.error import S3Error
from pipeline_world import World

FOLDER = "pronosticos/entrada/2027/"
DAYS = pd.date_range("2027-01-01", periods=20)
BAD = ["nunca;1;0;x", "05/02/2027;quizás;0;x", "06/02/2027;1"]


def _file() -> bytes:
    """Twenty good days and three bad rows, as a spreadsheet in Spanish writes them."""
    rows = [f"{day:%d/%m/%Y};{'sí' if n % 2 else 'no'};0;Local ñ {n}" for n, day in enumerate(DAYS)]
    return "\n".join(["Fecha;Promociones;Festivo;Nota", *rows[:5], *BAD, *rows[5:], ""]).encode("cp1252")


def _read(world: World, key: str) -> bytes:
    return bytes(world.s3.get_object("ventas", key).read())


def test_a_list_of_days_is_answered_as_the_api_answers_each_of_them(world: World) -> None:
    version = world.ensure_champion()
    run = world.drop(f"{FOLDER}enero.csv", _file())
    assert (run["status"], run["kind"], run["model_version"]) == ("completed", "forecast", version), run[
        "reason"
    ]
    assert [(step["step"], step["outcome"]) for step in run["steps"]] == [("forecast", "ok")]
    assert run["answer"] == "pronosticos/salida/2027/enero.csv"

    data = _read(world, run["answer"])
    assert data.decode("utf-8-sig").splitlines()[1].startswith("01/01/2027;no;0;Local ñ 0;")
    table = pd.read_csv(io.BytesIO(data), sep=";", decimal=",")
    assert len(table) == run["quality"]["rows_kept"] == len(DAYS)
    assert set(table["VersiónDelModelo"]) == {version}

    rows = [
        {"Fecha": f"{day:%Y-%m-%d}", "DíaDeLaSemana": day.isoweekday(), "Promociones": n % 2, "Festivo": 0}
        for n, day in enumerate(DAYS)
    ]
    alone = [world.api.post("/predict", json=row).json()["prediction"] for row in rows]
    together = world.api.post("/predict/batch", json={"rows": rows}).json()["predictions"]
    assert np.allclose(table["Pronóstico"], alone, rtol=0, atol=0.005001), "to the cent"
    assert np.allclose([row["prediction"] for row in together], alone, rtol=1e-9, atol=0)

    told = _read(world, f"informes/{run['id']}.csv").decode("utf-8-sig")
    assert [line.split(";")[0] for line in told.splitlines()[1:]] == ["7", "8", "9"]
    assert all(row in told for row in ("nunca", "quizás"))


def test_what_the_pipeline_puts_back_starts_no_run(world: World) -> None:
    world.ensure_champion()
    run = world.drop(f"{FOLDER}febrero.csv", _file())
    # MinIO sends its events in their order, so those of the answer have come before this one's.
    world.drop("forecasts/nada.txt", b"x")
    assert world.runs(key=run["answer"]) == []
    assert world.runs(key=f"informes/{run['id']}.csv") == []


def test_a_file_that_cannot_be_used_is_rejected_with_its_report(world: World) -> None:
    run = world.drop(f"{FOLDER}marzo.csv", b"Fecha;Promociones\n01/03/2027;1\n")
    assert run["status"] == "rejected"
    assert "Festivo" in run["reason"]
    assert _read(world, f"informes/{run['id']}.md").decode().startswith("# Archivo de pronóstico rechazado")
    with pytest.raises(S3Error, match="NoSuchKey"):
        world.s3.stat_object("ventas", "pronosticos/salida/2027/marzo.csv")
