"""Where a state folder was named for one command alone, the start has to name it too."""

from pathlib import Path

import pytest

from ventas.launcher.environment import start_command
from ventas.settings import Settings


@pytest.mark.parametrize(
    ("home", "told"),
    [
        (".ventas", "make up"),
        (".ventas-new", "VENTAS_HOME=.ventas-new make up"),
        ("mi ventas", "VENTAS_HOME='mi ventas' make up"),
        ("/srv/ventas", "VENTAS_HOME=/srv/ventas make up"),
    ],
)
def test_the_start_names_a_folder_that_is_not_the_usual_one(
    home: str, told: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENTAS_HOME", home)
    assert start_command(settings.model_copy(update={"VENTAS_HOME": tmp_path / home}), tmp_path) == told


def test_a_fault_in_env_does_not_hide_the_end_of_a_restore(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SEED=many\n", encoding="utf-8")
    usual = settings.model_copy(update={"VENTAS_HOME": tmp_path / ".ventas"})
    assert start_command(usual, tmp_path) == "VENTAS_HOME=.ventas make up"


def test_a_folder_of_env_is_the_usual_one(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VENTAS_HOME=there\n", encoding="utf-8")
    there = settings.model_copy(update={"VENTAS_HOME": tmp_path / "there"})
    assert start_command(there, tmp_path) == "make up"
    usual = settings.model_copy(update={"VENTAS_HOME": tmp_path / ".ventas"})
    assert start_command(usual, tmp_path) == "VENTAS_HOME=.ventas make up"
