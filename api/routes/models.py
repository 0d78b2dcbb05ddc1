"""`GET /models`, `GET /models/champion` and `GET /models/promotions`."""

from datetime import datetime

import structlog
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.pages import page_answer, window
from api.problems import documented
from api.schemas import (
    ChampionAnswer,
    ChampionQuery,
    ModelAnswer,
    ModelList,
    Page,
    PromotionAnswer,
    PromotionList,
)
from api.services import Services
from ventas.errors import LedgerUnavailable, NotFound
from ventas.ledger import Promotion
from ventas.registry import ModelVersion
from ventas.times import iso_z

log = structlog.get_logger()


def model_routes(services: Services) -> APIBlueprint:
    """The blueprint of model versions."""
    routes = APIBlueprint(
        "models", __name__, abp_tags=[Tag(name="Models")], abp_responses=documented(422, 503)
    )

    @routes.get("/models", responses={200: ModelList})
    def models(query: Page) -> Response:
        """Registered versions of the model, newest first."""
        skip, limit = window(query, services.settings)
        versions = services.catalogue.versions()
        champion = services.holder.current
        served = champion.version if champion else None
        waiting = _waiting()
        rows = [_model(version, served, waiting) for version in versions[skip : skip + limit]]
        return page_answer(rows, len(versions), skip, limit)

    @routes.get("/models/champion", responses=documented(404) | {200: ChampionAnswer})
    def champion(query: ChampionQuery) -> Response:
        """The version that answers predictions now, or that was champion at a moment."""
        if query.at is not None:
            return _champion_of(_promotion_at(query.at))
        return _champion_of(None)

    @routes.get("/models/promotions", responses={200: PromotionList})
    def promotions(query: Page) -> Response:
        """Every change of champion, newest first."""
        skip, limit = window(query, services.settings)
        rows = services.ledger.promotions.all()
        page = [PromotionAnswer.model_validate(row) for row in rows[skip : skip + limit]]
        return page_answer(page, len(rows), skip, limit)

    def _waiting() -> frozenset[int] | None:
        try:
            return services.ledger.approvals.waiting()
        except LedgerUnavailable as error:  # what is registered can be told all the same
            log.warning("approvals_unknown", reason=str(error))
            return None

    def _promotion_at(moment: datetime) -> Promotion:
        found = services.ledger.promotions.at(moment)
        if found is None:
            raise NotFound(f"There was no champion yet at {iso_z(moment)}.")
        return found

    def _champion_of(promotion: Promotion | None) -> Response:
        current = services.holder.current
        served = current.version if current else None
        version = promotion.model_version if promotion else services.holder.champion().version
        described = _model(services.catalogue.version(version), served, _waiting())
        made = PromotionAnswer.model_validate(promotion) if promotion else None
        return json_answer(ChampionAnswer(**described.model_dump(), promotion=made))

    return routes


def _model(version: ModelVersion, served: int | None, waiting: frozenset[int] | None) -> ModelAnswer:
    return ModelAnswer(
        version=version.version,
        aliases=list(version.aliases),
        stage=version.stage,
        metrics=dict(version.metrics),
        params=version.params,
        run_id=version.run_id,
        pipeline_run_id=version.pipeline_run_id,
        created_at=version.created_at,
        served=version.version == served,
        awaits_approval=None if waiting is None else version.version in waiting,
    )
