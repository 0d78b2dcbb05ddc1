"""The zoo at once through the real pipeline: each file ends with a verdict or a sentence, none as failed.

Every animal is read and split in tests/unit. Here each that is rejected comes too, and of those that are trained
the ones with further columns, which only training and serving may choke on, and an eighth of the rest: a training
takes a second and more. `make zoo` brings them all.
"""

import os

import pytest
from animals import ANIMALS, Animal
from pipeline_world import World, wait_for

from ventas.states import FINAL_STATES


def _visitors() -> list[Animal]:
    accepted = [animal for animal in ANIMALS if not animal.codes]
    plain = [animal for animal in accepted if "further" not in animal.name]
    left_out = set() if os.environ.get("ZOO") == "whole" else {a.name for i, a in enumerate(plain) if i % 8}
    return [animal for animal in ANIMALS if animal.name not in left_out]


@pytest.mark.timeout(600)
def test_every_animal_ends_as_it_may_and_none_fails(world: World) -> None:
    animals = {(animal.key, world.put(animal.key, animal.data)): animal for animal in _visitors()}

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
