"""What the models are measured on, where the public year is there and where it is not."""

from pathlib import Path

import pytest

from benchmarks import datasets


def test_without_the_public_year_the_made_up_chains_are_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets, "REAL", tmp_path / "absent.csv")
    assert datasets.available() == [
        "1 series x 900 days",
        "50 series x 900 days",
        "1,000 series x 1,000 days",
    ]
    (tmp_path / "absent.csv").touch()
    assert datasets.available() == list(datasets.DATASETS)
