"""A bad value names its variable and stops the start."""

import stat

import pytest

from ventas.errors import SettingsError
from ventas.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEED", "many"),
        ("TEST_SHARE", "1.5"),
        ("BUSINESS_TIMEZONE", "Mars/Base"),
        ("HOLIDAY_COUNTRY", "MARS"),
        ("SPLIT", "sideways"),
    ],
)
def test_a_bad_value_names_the_variable(monkeypatch, tmp_path, name: str, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("SEED=7\nCV_FOLDS=3\n")
    monkeypatch.setenv("SEED", "8")
    settings = load_settings()
    assert (settings.SEED, settings.CV_FOLDS) == (8, 3)


def test_tokens_are_made_once_and_kept_for_their_owner_only(settings: Settings) -> None:
    again = Settings(_env_file=None, VENTAS_HOME=settings.home)
    assert len(settings.webhook_token) >= 32
    assert again.webhook_token == settings.webhook_token
    assert len({settings.webhook_token, settings.admin_token, settings.minio_secret_key}) == 3
    kept = settings.home / "tokens" / "webhook"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert Settings(_env_file=None, VENTAS_HOME=settings.home, WEBHOOK_TOKEN="given").webhook_token == "given"


def test_the_recipe_tells_trainings_apart_and_nothing_else(settings: Settings) -> None:
    assert settings.model_copy(update={"SEED": 1}).recipe_digest != settings.recipe_digest
    assert settings.model_copy(update={"LOG_LEVEL": "DEBUG"}).recipe_digest == settings.recipe_digest
