"""The API client: what it asks, what it returns, and the sentence for every way in which the API can fail."""

from collections.abc import Callable

import httpx
import pytest

from dashboard import problems
from dashboard.client import Api
from dashboard.problems import ApiProblem


def api(answer: Callable[[httpx.Request], httpx.Response]) -> Api:
    return Api("http://api.test", transport=httpx.MockTransport(answer))


def always(status: int, **how: object) -> Api:
    return api(lambda _request: httpx.Response(status, **how))  # type: ignore[arg-type]


def test_a_list_comes_with_the_total_of_the_header() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=[{"id": 5}], headers={"X-Total-Count": "812"})

    page = api(answer).history(30, 15)
    assert (page.rows, page.total) == ([{"id": 5}], 812)
    assert asked == ["http://api.test/history/?skip=30&limit=15&sort=-id"]


def test_a_list_without_total_counts_its_rows() -> None:
    assert always(200, json=[{"id": 1}, {"id": 2}]).runs(0, 15).total == 2


def test_runs_are_filtered_only_when_a_state_is_chosen() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return httpx.Response(200, json=[])

    api(answer).runs(0, 15, "failed", "sur&norte")
    api(answer).runs(0, 15, "", "")
    assert asked == [
        "skip=0&limit=15&steps=true&status=failed&name=sur%26norte",
        "skip=0&limit=15&steps=true",
    ]


def test_the_token_and_the_actor_travel_in_headers_alone() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202, json={"id": "x"})

    api(answer).retry("a/b", " clave ñ ", "Begoña\nLópez")
    api(answer).approve(3, "clave", "", "Visto bueno.")
    retry, approve = asked
    assert (retry.url.raw_path, approve.url.raw_path) == (b"/runs/a%2Fb/retry", b"/models/3/approve")
    assert dict(retry.headers.raw)[b"Authorization"] == "Bearer clave ñ".encode()
    assert dict(retry.headers.raw)[b"X-Actor"] == b"Bego%C3%B1a L%C3%B3pez", "servers drop what is not ASCII"
    assert b"X-Actor" not in dict(approve.headers.raw)
    assert approve.content == b'{"reason":"Visto bueno."}'


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, problems.WRONG_TOKEN), (403, problems.WRONG_TOKEN), (409, problems.CONFLICT)],
)
def test_what_an_operator_may_not_do_gets_a_sentence(status: int, sentence: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        always(status, json={"detail": "English."}).retry("x", "wrong", "")
    assert str(caught.value) == sentence


def test_a_model_that_fails_its_checks_gets_a_sentence() -> None:
    with pytest.raises(ApiProblem) as caught:
        always(422, json={"type": "urn:ventas:problem:model-unfit"}).approve(3, "t", "", "r")
    assert str(caught.value) == problems.UNFIT


def test_a_file_comes_in_pieces_or_as_a_problem() -> None:
    with always(200, content=iter([b"a,", b"b\n"])).run_file("x", "rejected.csv") as answer:
        assert b"".join(answer.iter_raw()) == b"a,b\n"
    with pytest.raises(ApiProblem) as caught, always(404, json={}).run_file("x", "rejected.csv"):
        pass
    assert caught.value.missing


def test_a_run_id_from_the_address_bar_cannot_reach_another_path() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={"id": "x"})

    api(answer).run("../models?skip=1")
    assert asked == [b"/runs/..%2Fmodels%3Fskip%3D1"]


def test_predict_sends_the_contract_names() -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"prediction": 1605.2})

    values = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 1}
    assert api(answer).predict(values) == {"prediction": 1605.2}
    assert httpx.Response(200, content=sent[0]).json() == values


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (httpx.ConnectError("refused"), problems.DOWN),
        (httpx.RemoteProtocolError("cut off"), problems.DOWN),
        (httpx.ReadTimeout("slow"), problems.SLOW),
        (httpx.ConnectTimeout("slow"), problems.SLOW),
    ],
)
def test_an_api_that_is_down_or_slow_gives_a_sentence(error: httpx.HTTPError, sentence: str) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(ApiProblem) as caught:
        api(answer).models()
    assert str(caught.value) == sentence


def test_an_address_that_is_none_gives_a_sentence() -> None:
    with pytest.raises(ApiProblem, match="no responde"):
        Api("no address").health()


@pytest.mark.parametrize("content", [b"<html>a proxy</html>", b'"text"', b"[1, 2]", b""])
def test_an_answer_of_another_shape_gives_a_sentence(content: bytes) -> None:
    for call in (lambda a: a.models(), lambda a: a.run("x"), lambda a: a.predict({})):
        with pytest.raises(ApiProblem, match="no entiende"):
            call(always(200, content=content))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, problems.MISSING),
        (500, problems.FAILED),
        (502, problems.FAILED),
        (503, problems.UNAVAILABLE),
        (400, problems.REFUSED),
    ],
)
def test_every_failing_status_has_a_sentence_without_the_apis_detail(status: int, sentence: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        always(status, json={"detail": "Traceback: secret"}).run("x")
    assert str(caught.value) == sentence
    assert caught.value.missing == (status == 404)


def test_predicting_without_a_champion_says_what_to_do() -> None:
    with pytest.raises(ApiProblem, match=r"ventas\.csv"):
        always(503, json={"type": "urn:ventas:problem:no-champion", "detail": "No champion."}).predict({})
    with pytest.raises(ApiProblem, match="ahora mismo"):
        always(503, json={"type": "urn:ventas:problem:ledger-unavailable"}).predict({})


@pytest.mark.parametrize(
    ("field", "expected"), [("Fecha", "Revise la fecha"), ("Temperatura", "«Temperatura»")]
)
def test_a_refused_value_is_named(field: str, expected: str) -> None:
    with pytest.raises(ApiProblem, match=expected):
        always(422, json={"errors": [{"field": field, "message": "wrong"}]}).predict({})


@pytest.mark.parametrize(
    ("field", "allowed", "sentence"),
    [
        ("Abierto", "0 or 1", "Revise «Abierto»: solo puede ser sí o no."),
        ("Precio", "a finite number", "Revise «Precio»: tiene que ser un número."),
        ("Nota", "a text", "El servicio no aceptó «Nota»; revise el valor."),
    ],
)
def test_a_value_that_is_refused_in_every_row_is_named_once(field: str, allowed: str, sentence: str) -> None:
    errors = [{"field": f"rows[{at}].{field}", "message": "wrong", "allowed": allowed} for at in range(28)]
    with pytest.raises(ApiProblem) as caught:
        always(422, json={"errors": errors}).predict_batch([], record=False)
    assert str(caught.value) == sentence


def test_a_search_that_is_refused_is_not_told_as_a_files_name() -> None:
    refusal = always(422, json={"errors": [{"field": "name", "message": "wrong"}]})
    with pytest.raises(ApiProblem, match="el texto que busca"):
        refusal.runs(0, 20, name="\0")
    with pytest.raises(ApiProblem, match="Cambie el nombre del archivo"):
        refusal.upload("a/b.csv", "sales", 3, "token")


def test_health_tells_the_version_or_the_reason() -> None:
    assert always(200, json={"status": "ok", "model_version": 2}).health().version == 2
    without = always(503, json={"detail": "No model yet."}).health()
    assert (without.version, without.reason) == (None, "No model yet.")
    with pytest.raises(ApiProblem, match="falló"):
        always(500).health()


@pytest.mark.parametrize("run_id", [".", "..", ""])
def test_an_id_that_would_lead_elsewhere_is_no_run(run_id: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        always(200, json={}).run(run_id)
    assert caught.value.missing
