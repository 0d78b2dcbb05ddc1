"""`GET /models`, `GET /models/champion` and `GET /models/promotions`."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.pages import page_answer, window
from api.schemas import ModelAnswer, ModelList, Page, PromotionAnswer, PromotionList
from api.services import Services
from ventas.registry import ModelVersion


def model_routes(services: Services) -> APIBlueprint:
    """The blueprint of model versions."""
    routes = APIBlueprint("models", __name__, abp_tags=[Tag(name="Models")])

    @routes.get("/models", responses={200: ModelList})
    def models(query: Page) -> Response:
        """Registered versions of the model, newest first."""
        skip, limit = window(query, services.settings)
        versions = services.catalogue.versions()
        champion = services.holder.current
        served = champion.version if champion else None
        rows = [_model(version, served) for version in versions[skip : skip + limit]]
        return page_answer(rows, len(versions), skip, limit)

    @routes.get("/models/champion", responses={200: ModelAnswer})
    def champion() -> Response:
        """The version that answers predictions now."""
        version = services.holder.champion().version
        return json_answer(_model(services.catalogue.version(version), version))

    @routes.get("/models/promotions", responses={200: PromotionList})
    def promotions(query: Page) -> Response:
        """Every change of champion, newest first."""
        skip, limit = window(query, services.settings)
        rows = services.ledger.promotions.all()
        page = [PromotionAnswer.model_validate(row) for row in rows[skip : skip + limit]]
        return page_answer(page, len(rows), skip, limit)

    return routes


def _model(version: ModelVersion, served: int | None) -> ModelAnswer:
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
    )
