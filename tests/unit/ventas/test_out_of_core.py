"""Cleaning on disk gives what cleaning in memory gives: the same rows, bad rows, report and refusals."""

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from animals import ANIMALS, Animal
from test_fast_cleaning import odd_file

from ventas.errors import RejectedUpload
from ventas.ingest import ingest
from ventas.out_of_core import blocks, database, text
from ventas.sample_chain import generate_chain
from ventas.settings import Settings
from ventas.split import to_csv_bytes

TODAY = date(2024, 2, 1)
IN_MEMORY, ON_DISK = 1 << 30, 0


def told(data: bytes, folder: Path, limit: int, **knobs: object) -> object:
    """All that cleaning gives: the dataset's types and bytes, older and bad rows, the report; or the refusal."""
    folder.mkdir()
    path = folder / "upload"
    path.write_bytes(data)
    settings = Settings(_env_file=None, OUT_OF_CORE_BYTES=limit, **knobs)  # type: ignore[call-arg,arg-type]
    try:
        found = ingest(path, settings, TODAY)
    except RejectedUpload as error:
        return error.code, str(error), error.report, error.bad_rows
    assert (folder / "out-of-core").exists() == (limit == ON_DISK)
    older, rejected = b"".join(found.older_parts()), b"".join(found.rejected_parts())
    return (
        str(found.frame.dtypes.to_dict()),
        to_csv_bytes(found.frame),
        older,
        rejected,
        found.bad_rows(),
        found.report,
    )


def alike(data: bytes, folder: Path, **knobs: object) -> None:
    """Both ways give the same."""
    assert told(data, folder / "disk", ON_DISK, **knobs) == told(data, folder / "memory", IN_MEMORY, **knobs)


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Lets a file be read in some pieces; one with very many columns in one, for each piece takes a second."""

    def cut(data: bytes) -> None:
        wide = data.partition(b"\n")[0].count(b",") > 50
        size = max(300, len(data) // (1 if wide else 3))
        monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
        monkeypatch.setattr(text, "_CHUNK_BYTES", size)

    return cut


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda one: one.name)
def test_the_zoo_fares_the_same(animal: Animal, in_blocks: Callable[[bytes], None], tmp_path: Path) -> None:
    in_blocks(animal.data)
    alike(animal.data, tmp_path)


@pytest.mark.parametrize("seed", range(10))
def test_files_with_odd_cells_give_the_same(
    seed: int, in_blocks: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Their rows are grouped in some parts."""
    in_blocks(odd_file(seed))
    monkeypatch.setattr(database, "MOST_GROUPS", 50)
    alike(odd_file(seed), tmp_path, MAX_REJECTED_SHARE=0.6)


def test_a_mistyped_year_is_put_aside_the_same(in_blocks: Callable[[bytes], None], tmp_path: Path) -> None:
    chain = generate_chain(4, 120, seed=1).frame
    chain["Fecha"] = chain["Fecha"].dt.strftime("%Y-%m-%d")
    chain.loc[[7, 400], "Fecha"] = "2031-05-05", "05/05/2011"
    data = chain.to_csv(index=False).encode()
    in_blocks(data)
    alike(data, tmp_path)


@pytest.mark.parametrize("most", [10, 1000])
def test_rows_that_are_too_many_to_train_on_are_the_same(most: int, tmp_path: Path) -> None:
    data = generate_chain(9, 300, seed=1).frame.to_csv(index=False).encode()
    alike(gzip.compress(data), tmp_path, MAX_TRAINING_ROWS=most)
