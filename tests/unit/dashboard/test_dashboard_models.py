"""Modelos in pieces: what the query names, what a version is called, and what the charts draw."""

from typing import Any

import httpx
import pytest

from dashboard import charts, links, model_charts, model_words, problems
from dashboard.client import Api
from dashboard.model_change import APPROVE, FILES_GONE, MISSING, PROMOTE, button
from dashboard.pages.models import table_row, toolbar, versions_of
from dashboard.problems import ApiProblem

ZONE = "America/Argentina/Buenos_Aires"


def model(version: int, **more: Any) -> dict[str, Any]:
    known = {
        "version": version,
        "aliases": [],
        "stage": "Archived",
        "metrics": {"test_rmse": 90.0 + version, "test_coverage": 0.913},
        "params": {"family": "linear", "alpha": str(version)},
        "created_at": f"2026-11-{version:02d}T12:00:00Z",
    }
    return known | more


def promotion(version: int, day: int) -> dict[str, Any]:
    return {"model_version": version, "created_at": f"2026-11-{day:02d}T13:00:00Z"}


def row(version: int, **more: Any) -> dict[str, Any]:
    return {"version": version, "held": False, "gone": "", "champion": 3} | more


@pytest.mark.parametrize(
    ("query", "versions"),
    [
        ("7", [7]),
        ("4,3,4", [4, 3]),
        ("1,2,3,4,5", [1, 2, 3, 4]),
        ("", []),
        ("0,-1,x,1.5, 2,٣,<b>", []),
        ("99999999999999999999,2147483648,2147483647", [2147483647]),
    ],
)
def test_a_query_names_up_to_four_versions(query: str, versions: list[int]) -> None:
    assert versions_of(query) == versions


def test_a_version_is_a_row_of_figures_and_words() -> None:
    told = table_row(model(2, awaits_approval=True), 3, {2: 101.5}, ZONE)
    assert (told["stage"], told["family"], told["live"]) == ("Espera aprobación", "Lineal", 101.5)
    assert told["coverage"] == pytest.approx(91.3)
    assert told["created"] == "02/11/2026 09:00"
    bare = table_row(model(1, metrics={}, params={}), None, {}, ZONE)
    assert (bare["test_rmse"], bare["coverage"], bare["live"], bare["family"]) == (None, None, None, "—")


def test_the_ledgers_champion_goes_before_a_stage_that_lags_behind() -> None:
    assert model_words.state(model(3), 3).text == "En producción"
    assert model_words.state(model(2, stage="Production"), 3).text == "Archivado"


def test_only_what_was_served_has_a_live_error() -> None:
    served = {"model_version": 3, "shadow": False, "rmse": 5.0}
    assert model_words.live_errors([served, served | {"model_version": 4, "shadow": True}]) == {3: 5.0}


def test_parameters_that_differ_come_first() -> None:
    same, other = model(1), model(2, params={"family": "linear", "depth": "8"})
    told = model_words.params([same, other])
    (bare,) = model_words.params([model(1, params={"max_depth": "None"})])
    assert bare == ("max_depth", ["ninguno"])
    assert told == [("alpha", ["1", "—"]), ("depth", ["—", "8"]), ("family", ["linear", "linear"])]


def test_the_tool_bar_offers_what_fits_the_rows() -> None:
    assert "Marque hasta 4" in toolbar([])[0].children
    assert toolbar([row(4), row(2)])[0].href == "/modelos?comparar=2,4"
    link, ask = toolbar([row(2)])
    assert (link.href, ask.id["action"], ask.children) == (
        "/modelos?version=2",
        PROMOTE,
        "Volver a la versión 2",
    )
    assert len(toolbar([row(3)])) == 1, "the champion cannot be put into production"
    assert toolbar([row(4, held=True)])[1].id["action"] == APPROVE
    assert "Marque hasta 4" in toolbar([row(n) for n in range(5)])[0].children


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"files_deleted": True}, FILES_GONE), ({"missing": "run", "metrics": {}}, MISSING)],
)
def test_a_version_whose_files_are_gone_is_shown_and_not_offered(change, sentence) -> None:
    assert toolbar([table_row(model(2), 3, {}, ZONE)])[1].id["action"] == PROMOTE
    link, why = toolbar([table_row(model(2, **change), 3, {}, ZONE)])
    assert (link.href, why.children) == ("/modelos?version=2", sentence)


def test_a_newer_version_is_not_gone_back_to() -> None:
    assert button(4, held=False, champion=3, place="head").children == "Poner en producción la versión 4"


def test_bands_tell_who_was_champion_and_the_hover_the_verdict() -> None:
    verdict = {"kind": "checks", "challenger_version": 2}
    models = [model(3), model(2, verdict=verdict), model(1)]
    figure = model_charts.errors(models, [promotion(3, 3), promotion(1, 1)], {1: 99.0}, ZONE)
    assert len(figure.layout.shapes) == 2
    assert {note.text for note in figure.layout.annotations} == {"v3", "v1"}
    tested, served, live = figure.data
    assert (tested.text, served.text, live.y) == (("v1", "v2"), ("v3",), (99.0,))
    assert "no pasó las comprobaciones" in tested.customdata[1].replace("<br>", " ")


def test_without_an_error_there_is_a_sentence() -> None:
    figure = model_charts.errors([model(1, metrics={})], [], {}, ZONE)
    assert figure.layout.annotations[0].text == "Todavía no hay modelos"


def test_names_of_columns_are_shown_letter_by_letter() -> None:
    figure = model_charts.importance({1: {"importance": {"<b>x</b> & y": 3.0, "z": None}}})
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;x&lt;/b&gt; &amp; y", "z")
    assert figure.data[0].x == (3.0, None)


def test_segments_stand_in_groups_whatever_flags_are_written_like() -> None:
    entry = {"segment": "promotion", "rows": 4, "challenger_rmse": 8.0}
    cards = {1: {"segments": [entry | {"value": "1.0"}]}, 2: {"segments": [entry | {"value": "0"}]}}
    first, second = model_charts.flags(cards).data
    assert first.x == ("Sin<br>promoción", "Con<br>promoción")
    assert (first.y, second.y) == ((None, 8.0), (8.0, None))
    assert model_charts.weekdays(cards).data == charts.empty().data


@pytest.mark.parametrize(("low", "curves"), [(1.0, 3), (None, 2)])
def test_an_interval_is_drawn_where_every_point_has_one(low: float | None, curves: int) -> None:
    point = {"date": "2026-01-01", "actual": 5.0, "prediction": 6.0, "low": low, "high": 9.0}
    assert len(model_charts.predictions({"points": [point]}, 0).data) == curves


def test_all_pages_of_a_list_are_read() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params["skip"])
        rows = [{"version": number} for number in range(skip, min(skip + 100, 250))]
        return httpx.Response(200, json=rows, headers={"X-Total-Count": "250"})

    api = Api("http://api.test", transport=httpx.MockTransport(answer))
    assert [one["version"] for one in api.models()] == list(range(250))


def test_a_change_carries_token_name_and_reason() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"id": 1})

    Api("http://api.test", transport=httpx.MockTransport(answer)).promote(
        7, " clave ñ ", "Ana\nB", "Porque sí."
    )
    (sent,) = asked
    headers = dict(sent.headers.raw)
    assert sent.url.path == "/models/7/promote"
    assert headers[b"Authorization"] == "Bearer clave ñ".encode()
    assert headers[b"X-Actor"] == b"Ana B"
    assert b"Porque s" in sent.content


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (401, "about:blank", problems.WRONG_TOKEN),
        (403, "about:blank", problems.WRONG_TOKEN),
        (409, "urn:ventas:problem:conflict", problems.CONFLICT),
        (422, "urn:ventas:problem:model-unfit", problems.UNFIT),
    ],
)
def test_a_refused_change_has_a_sentence_of_its_own(status: int, kind: str, sentence: str) -> None:
    answer = httpx.MockTransport(lambda _request: httpx.Response(status, json={"type": kind}))
    with pytest.raises(ApiProblem) as caught:
        Api("http://api.test", transport=answer).approve(2, "x", "", "y")
    assert str(caught.value) == sentence


def test_an_address_that_names_a_thing_twice_means_the_last() -> None:
    assert links.last(["1", "2"]) == "2"
    assert links.last("3") == "3"
