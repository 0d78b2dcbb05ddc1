"""The doctor's checks that ask no service."""

from datetime import timedelta
from pathlib import Path

import pytest

from ventas.doctor_checks import Trouble, last_backup, misfits, queue_fault, settings_fit
from ventas.settings import Settings
from ventas.times import iso_z, utc_now


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, whose `.env` the settings would read."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_misspelt_name_in_env_is_told_with_what_was_meant(settings: Settings, here: Path) -> None:
    (here / ".env").write_text("CV_FOLD=3\nSEED=7\nPOSTGRES_PASSWORD=x\nCOMPOSE_PROFILES=all\n")
    with pytest.raises(Trouble, match=r"nobody reads: CV_FOLD \(meant: CV_FOLDS\?\)\.$"):
        settings_fit(settings)
    (here / ".env").write_text("CV_FOLDS=3\nseed=7\n")
    assert settings_fit(settings)


def test_the_example_of_env_has_only_known_names(settings: Settings, here: Path) -> None:
    example = (Path(__file__).parents[3] / ".env.example").read_text(encoding="utf-8")
    uncommented = "\n".join(
        line.removeprefix("#") for line in example.splitlines() if "=" in line and " " not in line
    )
    (here / ".env").write_text(uncommented, encoding="utf-8")
    assert settings_fit(settings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"LEASE_SECONDS": 6, "LEASE_RENEW_SECONDS": 5}, "can lose its lease"),
        ({"REQUEUE_AFTER_SECONDS": 30}, "sent twice"),
        ({"KEEP_HISTORY_DAYS": 30}, "would still judge"),
        ({"TEST_SHARE": 0.6}, "more days than it trains on"),
        ({"REDIS_URL": "redis://10.0.0.9:6379/0"}, "set DATABASE_URL"),
    ],
)
def test_settings_that_do_not_fit_together_are_told(
    settings: Settings, change: dict[str, object], told: str
) -> None:
    assert misfits(settings) == []
    (fault,) = misfits(settings.model_copy(update=change))
    assert told in fault


def test_tasks_that_pile_up_are_told_and_those_of_a_burst_are_not() -> None:
    assert queue_fault({"control": 0, "training": 1500}, open_runs=1500) is None
    told = queue_fault({"control": 900, "training": 3}, open_runs=1)
    assert told == "control has 900 tasks waiting, and only 1 runs are open (normal: up to 103)."


def test_the_age_of_the_last_backup_is_told(settings: Settings) -> None:
    assert last_backup(settings).startswith("none was taken yet")
    settings.home.mkdir()
    for ago, told in ((timedelta(hours=5), "5 h ago"), (timedelta(days=9), "9 days ago")):
        (settings.home / "last-backup").write_text(f"{iso_z(utc_now() - ago)}\n")
        assert last_backup(settings) == f"the last one {told}"
    (settings.home / "last-backup").write_text("yesterday\n")
    with pytest.raises(Trouble, match="holds no time"):
        last_backup(settings)
