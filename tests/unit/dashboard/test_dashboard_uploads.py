"""Names that are proposed for a file, what is said of its head, and how an upload finds its run."""

from typing import Any

import httpx
import pytest

from dashboard import following
from dashboard.client import Api
from dashboard.preview_parts import preview_shown, suggested_name
from dashboard.problems import ApiProblem
from ventas.contract import Kind
from ventas.preview import preview
from ventas.sample import generate
from ventas.settings import Settings

SALES = generate(60, seed=1).to_csv(index=False).encode()
SENT = {
    "id": "1",
    "name": "ventas.csv",
    "key": "ventas.csv",
    "size": 120,
    "version_id": "v1",
    "etag": "e",
    "issued_at": "2026-11-23T17:40:00Z",
}


def texts(component: Any) -> str:
    """All text of a component."""
    if isinstance(component, str):
        return component
    if isinstance(component, list):
        return " ".join(map(texts, component))
    found = [getattr(component, name, None) for name in ("title", "children")]
    return " ".join(texts(one) for one in found if one is not None)


def shown(content: bytes, kind: Kind = Kind.SALES, size: int | None = None) -> str:
    told = vars(preview(content, size or len(content), kind, Settings(_env_file=None)))
    return texts(preview_shown({"name": "ventas.csv", "size": len(content)}, kind.value, told))


def run(run_id: str, created_at: str, **more: Any) -> dict[str, Any]:
    return {"id": run_id, "created_at": created_at, "etag": "other", "status": "etl", "kind": "sales"} | more


def api(runs: list[dict[str, Any]]) -> Api:
    """An API that knows these runs, newest first."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/runs":
            version = request.url.params.get("version_id")
            return httpx.Response(200, json=[one for one in runs if version in (None, one.get("version_id"))])
        wanted = request.url.path.rsplit("/", 1)[-1]
        return httpx.Response(200, json=next(one for one in runs if one["id"] == wanted))

    return Api("http://api.test", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("name", "kind", "proposed"),
    [
        ("ventas.csv", "sales", "ventas.csv"),
        ("Enero.csv", "sales", "ventas-Enero.csv"),
        ("Ventas.CSV", "sales", "Ventas.csv"),
        ("ventas.txt", "sales", "ventas.csv"),
        ("enero.csv.gz", "sales", "ventas-enero.csv.gz"),
        ("ventas.xlsx", "sales", "ventas.xlsx.csv"),
        ("C:\\datos\\ventas.csv", "sales", "ventas.csv"),
        (".ventas.csv", "sales", "ventas.csv"),
        ("dias.csv", "forecast", "dias.csv"),
        ("dias.tsv", "forecast", "dias.csv"),
    ],
)
def test_a_file_gets_a_name_that_the_pipeline_takes(name: str, kind: str, proposed: str) -> None:
    assert suggested_name(name, kind) == proposed


def test_another_name_is_announced_and_told_once_the_file_is_kept() -> None:
    told = vars(preview(SALES, len(SALES), Kind.SALES, Settings(_env_file=None)))
    for name, announced in (("Enero.csv", True), ("ventas.csv", False)):
        said = texts(preview_shown({"name": name, "size": len(SALES)}, "sales", told))
        assert ("Se propone otro nombre, «ventas-Enero.csv»" in said) == announced
    kept = SENT | {"name": "ventas-Enero.csv", "chosen": "Enero.csv"}
    assert "Se eligió «Enero.csv» y se guardó como «ventas-Enero.csv»." in texts(
        following.shown([kept], "UTC")
    )
    assert "se guardó como" not in texts(following.shown([SENT | {"chosen": "ventas.csv"}], "UTC"))


def test_a_good_file_is_called_so_with_its_dialect() -> None:
    said = shown(SALES)
    assert "Este archivo sirve" in said
    assert "Se leyó entero. Filas que se pueden usar: 60." in said
    assert "UTF-8 · separado por coma" in said
    assert "Se leyó el comienzo." in shown(SALES, size=10**6)


def test_rows_that_would_be_set_aside_are_told_with_their_lines() -> None:
    said = shown(SALES.replace(b"2021-01-03", b"03-enero"))
    assert "Este archivo sirve" in said
    assert "1 fila (línea 4): La columna Fecha no tiene una fecha válida." in said


def test_several_lines_are_told_in_the_plural() -> None:
    assert "2 filas (líneas 4, 5): " in shown(SALES.replace(b"2021-01-03", b"x").replace(b"2021-01-04", b"y"))


def test_days_taken_for_sales_are_told_where_they_belong() -> None:
    days = b"Fecha,Promociones,Festivo\n2026-12-01,0,0\n"
    assert "Si son días para pronosticar" in shown(days)
    assert "Este archivo sirve" in shown(days, Kind.FORECAST)


def test_many_bad_rows_and_too_little_to_see_are_no_promise() -> None:
    assert "puede ser rechazado" in shown(SALES.replace(b"2021-", b"enero-"), size=10**6)
    assert "No se puede saber todavía" in shown(b"a" * 65_536, size=10**6)


def test_an_upload_finds_its_run_by_its_version() -> None:
    runs = [run("b", SENT["issued_at"], version_id="v2"), run("a", SENT["issued_at"], version_id="v1")]
    assert following.looked_up(api(runs), SENT)["run"]["id"] == "a"
    assert following.looked_up(api([]), SENT) == SENT, "its run comes later"


def test_where_the_store_hides_the_version_content_and_time_tell() -> None:
    hidden = SENT | {"version_id": None}
    before, first, second = (run(str(minute), f"2026-11-23T17:{minute}:00Z") for minute in (39, 41, 42))
    assert following.looked_up(api([second, first, before]), hidden)["run"]["id"] == "41"
    same = run("43", "2026-11-23T17:43:00Z", etag='"e"')
    assert following.looked_up(api([same, second, before]), hidden)["run"]["id"] == "43"
    assert "run" not in following.looked_up(api([before]), hidden)


@pytest.mark.parametrize("code", ["too_many_rejected", "no_good_rows"])
def test_what_is_said_of_a_rejected_file_points_at_no_rows_that_are_elsewhere(code: str) -> None:
    ended = run("a", SENT["issued_at"], status="rejected", quality={"rejection": {"code": code}})
    said = texts(following.shown([SENT | {"run": ended}], "UTC"))
    assert "vuelva a subir el archivo" in said
    assert "abajo" not in said


def test_a_run_that_has_ended_is_asked_for_no_more() -> None:
    ended = following.looked_up(api([run("a", SENT["issued_at"], version_id="v1", status="promoted")]), SENT)
    assert ended["over"]

    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    away = Api("http://api.test", transport=httpx.MockTransport(refuse))
    assert following.looked_up(away, ended) == ended
    with pytest.raises(ApiProblem):
        following.looked_up(away, SENT)


def test_a_tab_remembers_its_newest_uploads_each_once() -> None:
    uploads: list[dict[str, Any]] = []
    for number in range(12):
        uploads = following.with_new(uploads, SENT | {"id": str(number)})
    assert [upload["id"] for upload in uploads] == [str(number) for number in range(11, 1, -1)]
    assert following.with_new(uploads, uploads[3]) == uploads
    assert following.with_new(uploads, None) == uploads


def test_a_rejected_run_shows_the_steps_it_came_to_and_what_to_mend() -> None:
    refusal = {"code": "missing_column", "details": {"missing": ["Festivo"]}}
    etl = {"step": "etl", "started_at": SENT["issued_at"], "ended_at": SENT["issued_at"]}
    ended = run("a", SENT["issued_at"], status="rejected", steps=[etl], quality={"rejection": refusal})
    said = texts(following.shown([SENT | {"run": ended}], "UTC"))
    assert "Columnas que faltan: Festivo" in said
    assert "Entrenamiento" not in said
    working = texts(following.shown([SENT | {"run": ended | {"status": "etl"}}], "UTC"))
    assert "Entrenamiento del modelo pendiente" in " ".join(working.split())


def test_an_upload_whose_run_is_gone_is_over_and_holds_up_no_other() -> None:
    gone = Api("http://api.test", transport=httpx.MockTransport(lambda _request: httpx.Response(404)))
    assert following.looked_up(gone, SENT | {"run": {"id": "gone"}})["over"]
