"""`GET /models` and what is below it: versions, the champion, promotions, and a version's card and predictions."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.answers import json_answer
from api.pages import page_answer, refuse_unknown, window
from api.problems import documented
from api.schemas import (
    ChampionAnswer,
    ChampionQuery,
    ModelAnswer,
    ModelList,
    Page,
    PromotionAnswer,
    PromotionList,
    VersionPath,
)
from api.schemas_models import (
    CardAnswer,
    ChampionPeriod,
    JudgedRowsAnswer,
    LossAnswer,
    LossList,
    ModelDetail,
    UploadAnswer,
)
from api.services import Services
from api.unregistered import unregistered
from ventas.errors import LedgerUnavailable, NotFound
from ventas.ledger import Promotion
from ventas.registry import DELETED_TAG, ModelVersion
from ventas.times import iso_z
from ventas.verdict import without_tables

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
        versions = _with_served(services.catalogue.versions())
        page = versions[skip : skip + limit]
        known = _known(one.version for one in page)
        return page_answer([_model(version, known) for version in page], len(versions), skip, limit)

    @routes.get("/models/champion", responses=documented(404) | {200: ChampionAnswer})
    def champion(query: ChampionQuery) -> Response:
        """The version that answers predictions now, or that was champion at a moment."""
        refuse_unknown(query)
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

    @routes.get("/models/<version>", responses=documented(404) | {200: ModelDetail})
    def model(path: VersionPath) -> Response:
        """One version with what it learnt from and when it was champion."""
        version = _served_or_registered(path.version)
        described = _model(version, _known([version.version]))
        detail = ModelDetail(
            **described.model_dump(), upload=_upload(version), champion=_periods(version.version)
        )
        return json_answer(detail)

    @routes.get("/models/<version>/card", responses=documented(404) | {200: CardAnswer})
    def card(path: VersionPath) -> Response:
        """The model card: data, search, errors, segments, importance of the columns, verdict."""
        return json_answer(services.files.card(path.version))

    @routes.get("/models/<version>/predictions", responses=documented(404, 410) | {200: JudgedRowsAnswer})
    def predictions(path: VersionPath) -> Response:
        """Actual sales of the version's test rows beside its predictions, by date.

        Rows of one date are summed; of more than 2,000 dates every second is told, or every third, as need be.
        """
        return json_answer(services.files.predictions(path.version))

    @routes.get("/models/<version>/losses", responses=documented(404) | {200: LossList})
    def losses(path: VersionPath) -> Response:
        """Series, inputs and days that the champion knows and this version does not."""
        version = services.catalogue.version(path.version)
        champion = services.ledger.promotions.head()
        lost = services.knowledge.losses_of_version(version.version, champion)
        return json_answer(LossList([LossAnswer.model_validate(loss) for loss in lost]))

    def _known(versions: Iterable[int]) -> _Known:
        current = services.holder.current
        served = current.version if current else None
        try:
            numbers, ledger = list(versions), services.ledger
            return _Known(
                served,
                ledger.approvals.waiting(),
                ledger.queries.verdicts(numbers),
                ledger.queries.examples(numbers),
            )
        except LedgerUnavailable as error:  # what is registered can be told all the same
            log.warning("verdicts_unknown", reason=str(error))
            return _Known(served)

    def _periods(version: int) -> list[ChampionPeriod] | None:
        try:
            return champion_periods(services.ledger.promotions.all(), version)
        except LedgerUnavailable as error:
            log.warning("promotions_unknown", reason=str(error))
            return None

    def _promotion_at(moment: datetime) -> Promotion:
        found = services.ledger.promotions.at(moment)
        if found is None:
            raise NotFound(f"There was no champion yet at {iso_z(moment)}.")
        return found

    def _champion_of(promotion: Promotion | None) -> Response:
        if promotion:
            version = _registered_or_known(promotion.model_version, promotion.created_at)
        else:
            version = _served_or_registered(services.holder.champion().version)
        described = _model(version, _known([version.version]))
        made = PromotionAnswer.model_validate(promotion) if promotion else None
        return json_answer(ChampionAnswer(**described.model_dump(), promotion=made))

    def _with_served(versions: Sequence[ModelVersion]) -> list[ModelVersion]:
        """The versions, and the one that is served though somebody has deleted it in MLflow."""
        current = services.holder.current
        if current is None or any(one.version == current.version for one in versions):
            return list(versions)
        served = unregistered(services.ledger, current.version, current.loaded_at)
        return sorted([*versions, served], key=lambda one: one.version, reverse=True)

    def _served_or_registered(version: int) -> ModelVersion:
        current = services.holder.current
        if current is None or current.version != version:
            return services.catalogue.version(version)
        return _registered_or_known(version, current.loaded_at)

    def _registered_or_known(version: int, since: datetime) -> ModelVersion:
        try:
            return services.catalogue.version(version)
        except NotFound:
            return unregistered(services.ledger, version, since)

    return routes


@dataclass(frozen=True)
class _Known:
    """What this process and the ledger know of versions; None where the ledger cannot be asked."""

    served: int | None
    waiting: frozenset[int] | None = None
    verdicts: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    examples: Set[int] | None = None


def champion_periods(promotions: Sequence[Promotion], version: int) -> list[ChampionPeriod]:
    """When `version` was the champion, oldest first, by all `promotions`, newest first."""
    ends: list[datetime | None] = [None, *(promotion.created_at for promotion in promotions)]
    made = [
        ChampionPeriod(since=promotion.created_at, until=end)
        for promotion, end in zip(promotions, ends, strict=False)
        if promotion.model_version == version
    ]
    return made[::-1]


def _model(version: ModelVersion, known: _Known) -> ModelAnswer:
    verdict = known.verdicts.get(version.version)
    return ModelAnswer(
        version=version.version,
        aliases=list(version.aliases),
        stage=version.stage,
        metrics=dict(version.metrics),
        params=version.params,
        run_id=version.run_id,
        pipeline_run_id=version.pipeline_run_id,
        created_at=version.created_at,
        served=version.version == known.served,
        files_deleted=DELETED_TAG in version.tags,
        missing=version.missing,
        awaits_approval=None if known.waiting is None else version.version in known.waiting,
        example=None if known.examples is None else version.version in known.examples,
        verdict=verdict and without_tables(verdict),
    )


def _upload(version: ModelVersion) -> UploadAnswer | None:
    """Where the version's sales lie, from its tags."""
    if "ventas.key" not in version.tags:
        return None
    return UploadAnswer(
        **{name: version.tags.get(f"ventas.{name}", "") for name in UploadAnswer.model_fields}
    )
