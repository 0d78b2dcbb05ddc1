"""The short form of `make chaos`: each fault with two uploads. The trainer killed whole is in `test_recovery.py`."""

from collections.abc import Iterator

import pytest
from pipeline_world import World

from chaos.audit import champions, endure
from chaos.faults import Fault, faults
from chaos.site import Site
from chaos.swaps import swap

SHORT = [one for one in faults(in_fit=False, hang_seconds=8) if one.name != "trainer-group"]


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[Site]:
    world.ensure_champion()
    with Site(world.system) as site:
        yield site


@pytest.mark.notifications
@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.name)
def test_nothing_is_lost_and_nothing_happens_twice(site: Site, fault: Fault) -> None:
    row = endure(site, fault, uploads=2)
    assert row.problems == []
    assert sum(row.states.values()) == row.uploads == 2


def test_no_prediction_fails_while_champions_are_swapped_by_hand(site: Site) -> None:
    swaps = swap(site, times=4)
    assert swaps.problems == []
    assert swaps.predictions > 20
    assert champions(site).problems == []
