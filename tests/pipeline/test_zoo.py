"""The whole zoo at once through the real pipeline: each file ends with a verdict or a sentence, none as failed."""

import pytest
from animals import ANIMALS
from pipeline_world import World, wait_for

from ventas.states import FINAL_STATES


@pytest.mark.timeout(600)
def test_every_animal_ends_as_it_may_and_none_fails(world: World) -> None:
    animals = {(animal.key, world.put(animal.key, animal.data)): animal for animal in ANIMALS}

    def look() -> dict[tuple[str, str], dict[str, str]] | None:
        found = {
            (run["key"], run["version_id"]): run
            for run in world.runs(limit="1000")
            if run["status"] in FINAL_STATES
        }
        return found if animals.keys() <= found.keys() else None

    runs = wait_for(look, "the end of all runs of the zoo", 500)
    wrong = [
        (animal.name, runs[upload]["status"], runs[upload]["reason"])
        for upload, animal in animals.items()
        if runs[upload]["status"] not in animal.outcomes or not str(runs[upload]["reason"]).endswith(".")
    ]
    assert wrong == []
