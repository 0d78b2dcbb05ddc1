"""Champions swapped under a load of predictions: none may fail."""

import threading
from dataclasses import dataclass, field
from itertools import cycle, islice

import httpx

from chaos.site import NotInTime, Site, wait_until

CLIENTS = 2
IN_A_ROW = 10  # answers by one version that show that every process of the API has swapped
SWAP_SECONDS = 60.0
PREDICT = {"DíaDeLaSemana": 1, "Promociones": 0, "Festivo": 0}


@dataclass
class Load:
    """What the clients met; `failures` holds what was wrong with each prediction that was none."""

    asked: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Swaps:
    """How the swapping went."""

    wanted: int
    done: int
    predictions: int
    failed: int
    examples: list[str]

    @property
    def problems(self) -> list[str]:
        """What is not as promised, in words."""
        return [
            words
            for words, wrong in (
                (f"{self.failed} predictions failed: {self.examples}", self.failed),
                (f"only {self.done} of {self.wanted} swaps were seen", self.done < self.wanted),
            )
            if wrong
        ]


def swap(site: Site, times: int) -> Swaps:
    """Promote another version and the champion in turn, `times` in all, while clients ask without a pause."""
    champion = site.served_version()
    assert champion is not None  # the warm-up has seen to it
    versions = [number for found in site.versions_by_run().values() for number in found]
    turns = cycle([max(number for number in versions if number != champion), champion])
    load, stop = Load(), threading.Event()
    clients = [threading.Thread(target=_ask, args=(site, load, stop)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    done = 0
    try:
        for version in islice(turns, times):
            _promote(site, version)
            done += 1
    except (NotInTime, httpx.HTTPError) as error:
        load.failures.append(f"swap {done + 1}: {error}")
    finally:
        stop.set()
        for client in clients:
            client.join()
    return Swaps(times, done, load.asked, len(load.failures), load.failures[:3])


def _ask(site: Site, load: Load, stop: threading.Event) -> None:
    with httpx.Client(base_url=site.system.settings.API_URL, timeout=30, trust_env=False) as client:
        while not stop.is_set():
            load.asked += 1
            try:
                answer = client.post("/predict", json=PREDICT)
            except httpx.HTTPError as error:
                load.failures.append(repr(error))
                continue
            if answer.status_code != httpx.codes.OK:
                load.failures.append(answer.text)


def _promote(site: Site, version: int) -> None:
    site.promote(version, "swapped by chaos")

    def served() -> bool:
        answers = [site.api.post("/predict", json=PREDICT) for _ in range(IN_A_ROW)]
        return all(answer.json().get("model_version") == version for answer in answers)

    wait_until(served, f"version {version} to be served", SWAP_SECONDS)
