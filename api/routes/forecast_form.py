"""`GET /actuals` and `GET /models/champion/columns`: what a form of forecasts asks for."""

import unicodedata

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.actuals import Actuals
from api.answers import json_answer
from api.pages import page_answer, window
from api.problems import documented
from api.schemas_forecast import (
    MOST_VALUES,
    ActualAnswer,
    ActualList,
    ActualsQuery,
    ChampionColumns,
    ColumnAnswer,
    ColumnKind,
)
from api.services import Services
from ventas.errors import NotFound
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.roles import Roles
from ventas.served import ModelInput, ServedModel
from ventas.store import Store


def form_routes(services: Services) -> APIBlueprint:
    """The blueprint of recent sales and of the champion's columns."""
    routes = APIBlueprint("form", __name__, abp_responses=documented(503))
    sold = Actuals(services.settings, services.ledger, Store(services.settings, impatient=True))

    @routes.get("/actuals", tags=[Tag(name="Reality")], responses=documented(404, 422) | {200: ActualList})
    def actuals(query: ActualsQuery) -> Response:
        """What was sold on each day, as the newest upload that became a dataset says; newest day first.

        Summed over all series of the file unless one is named.
        """
        skip, limit = window(query, services.settings)
        try:
            found = sold.newest().between(query.since, query.until, query.series)
        except KeyError as error:
            raise NotFound(f"The newest upload has no sales of series {query.series!r}.") from error
        page = [ActualAnswer.model_validate(day) for day in found[skip : skip + limit]]
        return page_answer(page, len(found), skip, limit)

    @routes.get("/models/champion/columns", tags=[Tag(name="Models")], responses={200: ChampionColumns})
    def columns() -> Response:
        """The columns that the champion reads beside those that every prediction needs.

        The promotions around a day are no column here: a batch tells of them by its own rows.
        """
        return json_answer(_columns(services.holder.champion().model))

    return routes


def _columns(model: ServedModel) -> ChampionColumns:
    further = [one for one in model.inputs if not one.required and one.name not in PLAN_COLUMNS]
    return ChampionColumns(
        model_version=model.version,
        series=_sent_as(model.roles.series) or None,
        open=_sent_as(model.roles.open) or None,
        columns=[_column(one, model.roles) for one in further],
    )


def _column(one: ModelInput, roles: Roles) -> ColumnAnswer:
    return ColumnAnswer(
        name=_sent_as(one.name),
        kind=_kind(one, roles),
        type="text" if one.kind == "text" else "number",
        values=list(one.categories[:MOST_VALUES]),
        values_count=len(one.categories),
        low=one.low,
        high=one.high,
        default=one.median,
        whole=one.whole or one.kind == "flag",
        of_series=one.of_series,
    )


def _kind(one: ModelInput, roles: Roles) -> ColumnKind:
    if one.name == roles.series:
        return "id"
    if one.kind == "text":
        return "category"
    is_flag = one.kind == "flag" or (one.whole and (one.low, one.high) == (0.0, 1.0))
    return "flag" if is_flag else "number"


def _sent_as(name: str) -> str:
    return unicodedata.normalize("NFC", name)
