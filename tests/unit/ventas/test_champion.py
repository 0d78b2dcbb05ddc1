"""Who moved the alias: our promotion, a run that was overtaken, or somebody's hand."""

from datetime import timedelta

import pytest

from ventas.champion import ChampionSource, mirror, reconcile
from ventas.errors import ModelUnusable, RegistryUnavailable
from ventas.ledger import Ledger, Promotion
from ventas.times import utc_now


class FakeRegistry:
    """Our own fake of the registry's port: one alias, and tags by version."""

    def __init__(self) -> None:
        self.alias: int | None = None
        self.tags: dict[int, dict[str, str]] = {}
        self.away = False

    def champion_alias(self) -> int | None:
        if self.away:
            raise RegistryUnavailable("MLflow is away")
        return self.alias

    def set_alias(self, alias: str, version: int) -> None:
        assert alias == "champion"
        self.champion_alias()
        self.alias = version

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        self.tags.setdefault(version, {}).update(tags)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def _promote(ledger: Ledger, version: int, age: timedelta = timedelta(0)) -> Promotion:
    head = ledger.promotions.head()
    promotion = Promotion(
        created_at=utc_now() - age,
        model_version=version,
        previous_version=head.model_version if head else None,
        source="verdict",
        actor="pipeline",
        reason="better",
    )
    with ledger.database.write() as session:
        session.add(promotion)
    return promotion


def test_a_promotion_is_mirrored_with_its_stages(ledger: Ledger, registry: FakeRegistry) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    mirror(ledger, registry, _promote(ledger, 2))
    assert registry.alias == 2
    assert registry.tags == {1: {"stage": "Archived"}, 2: {"stage": "Production"}}
    assert ledger.promotions.head().mirrored_at is not None


def test_a_promotion_that_could_not_be_mirrored_is_mirrored_later(ledger, registry) -> None:
    promotion = _promote(ledger, 1)
    registry.away = True
    with pytest.raises(RegistryUnavailable):
        mirror(ledger, registry, promotion)
    registry.away = False
    reconcile(ledger, registry)
    assert registry.alias == 1


def test_a_run_that_was_overtaken_does_not_mirror(ledger, registry) -> None:
    late = _promote(ledger, 1)
    mirror(ledger, registry, _promote(ledger, 2))
    mirror(ledger, registry, late)
    assert registry.alias == 2


def test_an_alias_set_late_by_a_dead_run_is_put_back(ledger, registry) -> None:
    _promote(ledger, 1)  # its worker was about to set the alias ...
    mirror(ledger, registry, _promote(ledger, 2))
    registry.alias = 1  # ... and does so only now
    reconcile(ledger, registry)
    assert registry.alias == 2
    assert ledger.promotions.head().model_version == 2


def test_an_alias_moved_by_hand_is_honoured_and_recorded(ledger, registry) -> None:
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    registry.alias = 1
    reconcile(ledger, registry)
    head = ledger.promotions.head()
    assert (head.model_version, head.previous_version, head.source) == (1, 2, "manual")
    assert (registry.alias, registry.tags[1]["stage"], registry.tags[2]["stage"]) == (
        1,
        "Production",
        "Archived",
    )
    reconcile(ledger, registry)
    assert ledger.promotions.head().id == head.id, "once"


def test_a_hand_may_go_back_to_a_version_whose_own_promotion_was_never_mirrored(ledger, registry) -> None:
    _promote(ledger, 1, age=timedelta(hours=1))
    mirror(ledger, registry, _promote(ledger, 2))
    registry.alias = 1
    reconcile(ledger, registry)
    assert ledger.promotions.head().model_version == 1, "an hour later nobody sets an alias late"


def test_a_champion_named_by_hand_before_any_promotion(ledger, registry) -> None:
    reconcile(ledger, registry)
    assert ledger.promotions.head() is None
    registry.alias = 3
    reconcile(ledger, registry)
    assert ledger.promotions.head().model_version == 3


def test_upload_order_survives_a_hand(ledger, registry) -> None:
    promotion = _promote(ledger, 1)
    uploaded = utc_now()
    with ledger.database.write() as session:
        session.get(Promotion, promotion.id).uploaded_at = uploaded
    mirror(ledger, registry, promotion)
    registry.alias = 7
    reconcile(ledger, registry)
    assert ledger.promotions.head().uploaded_at == uploaded


def test_a_local_copy_that_is_broken_is_no_last_good_one(settings, ledger, registry) -> None:
    source = ChampionSource(settings, ledger, registry)
    assert source.last_good() is None
    broken = settings.home / "champion" / "4" / "model.skops"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"not a model")
    assert source.last_good() is None
    with pytest.raises(ModelUnusable):
        source.fetch(4)
