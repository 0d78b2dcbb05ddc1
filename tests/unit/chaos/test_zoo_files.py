"""Every animal of the zoo is read or refused with a sentence; none crashes the reader, none takes its memory."""

import csv
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from animals import ANIMALS, Animal

from chaos.huge import BOMB, LINE, ROWS, Huge
from ventas.errors import RejectedUpload
from ventas.ingest import Ingested, ingest, rejection_report_text
from ventas.settings import Settings
from ventas.split import read_dataset, split, to_csv_bytes

SMALL = 8_000_000


def _split(path: Path, settings: Settings) -> Ingested:
    """As the step `etl` does it."""
    ingested = ingest(path, settings)
    parts = split(ingested.frame, settings)
    json.dumps(ingested.report | parts.report, allow_nan=False)
    for part in (parts.train, parts.test):
        assert len(read_dataset(to_csv_bytes(part))) == len(part)
    return ingested


@pytest.mark.parametrize("animal", [one for one in ANIMALS if not one.codes], ids=lambda one: one.name)
def test_what_can_be_read_is_split_and_its_bad_rows_stay_aside(
    animal: Animal, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(animal.data)
    ingested = _split(path, settings)
    assert len(ingested.rejected) == animal.bad_rows
    assert (ingested.rejected["reason"].str.endswith(".")).all()
    rows = csv.reader(io.StringIO(ingested.rejected_csv().decode("utf-8-sig")))
    assert not any(cell.startswith(("=", "@", "+", "-")) for row in rows for cell in row)


@pytest.mark.parametrize("animal", [one for one in ANIMALS if one.codes], ids=lambda one: one.name)
def test_what_cannot_be_read_is_refused_with_a_sentence(
    animal: Animal, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(animal.data)
    with pytest.raises(RejectedUpload) as caught:
        _split(path, settings)
    assert caught.value.code in animal.codes
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 2000
    json.dumps(caught.value.report, allow_nan=False)
    assert "rechazado" in rejection_report_text(caught.value.report)


@pytest.mark.parametrize(
    ("huge", "megabytes", "limits", "word"),
    [
        (BOMB, 300, {"MAX_EXPANSION": 20}, "MAX_EXPANSION"),
        (BOMB, 300, {"MAX_EXPANSION": 100_000, "MAX_UPLOAD_BYTES": SMALL}, "MAX_UPLOAD_BYTES"),
        (LINE, 60, {"MAX_UPLOAD_BYTES": SMALL}, "MAX_UPLOAD_BYTES"),
        (LINE, 7, {"MAX_UPLOAD_BYTES": SMALL}, "row"),
        (ROWS, 60, {"MAX_UPLOAD_BYTES": SMALL}, "MAX_UPLOAD_BYTES"),
        (ROWS, 7, {"MAX_ROWS": 10_000}, "MAX_ROWS"),
    ],
)
def test_a_huge_file_is_refused_in_little_memory(
    huge: Huge, megabytes: int, limits: dict[str, int], word: str, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    huge.write(path, megabytes)
    settings = settings.model_copy(update=limits)
    tracemalloc.start()
    try:
        with pytest.raises(RejectedUpload, match=word):
            _split(path, settings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * SMALL
