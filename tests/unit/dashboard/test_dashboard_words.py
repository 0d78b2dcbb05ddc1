"""What the ledger's words and verdicts become for a sales team."""

from typing import Any

import pytest

from dashboard import verdicts, words
from ventas.rejections import FILE_ADVICE, ROW_RULES
from ventas.states import FINAL_STATES, RunStatus, Step


def verdict(**more: Any) -> dict[str, Any]:
    return {
        "promoted": True,
        "evidence": "win",
        "kind": "fair",
        "challenger_version": 3,
        "champion_version": 2,
        "challenger_rmse": 88.42,
        "champion_rmse": 97.01,
        "rows": 1095,
        "dates": 110,
    } | more


def test_every_state_and_step_has_words_of_its_own() -> None:
    labels = [words.status(status).text for status in RunStatus]
    assert len(set(labels)) == len(labels)
    assert not set(labels) & {str(status) for status in RunStatus}
    assert all(words.state_sentence(status).endswith(".") for status in RunStatus)
    assert all(words.step(step) != step for step in Step)


def test_a_state_from_a_newer_api_is_shown_as_it_is() -> None:
    assert words.status("paused").text == "paused"
    assert words.step("audit") == "audit"
    assert words.step("retry") == "Reinicio de la ejecución"
    assert words.stage("Beta").text == "Beta"
    assert words.stage(None).text == "Sin estado"
    assert not words.is_working("paused")


def test_only_unfinished_runs_are_working() -> None:
    assert words.is_working("retrain")
    assert not any(words.is_working(status) for status in FINAL_STATES)


def test_faults_use_the_advice_of_the_contract() -> None:
    assert words.row_fault("missing_sales") == ROW_RULES["missing_sales"].advice
    assert words.row_fault("unheard_of") == "unheard_of"
    rejection = {"code": "missing_column", "details": {"missing": ["Festivo", "Fecha"], "secret": 1}}
    assert words.file_fault(rejection) == FILE_ADVICE["missing_column"]
    assert words.file_fault_details(rejection) == ["Columnas que faltan: Festivo, Fecha"]
    assert "formato" in words.file_fault({"code": "unheard_of"})


def test_a_verdict_that_is_held_for_losses_begins_with_them() -> None:
    lost = {
        "code": "series_lost",
        "version": 2,
        "known": 1115,
        "lost": 1112,
        "share": 99,
        "examples": "«1», …",
    }
    text = verdicts.sentence(verdict(promoted=False, held=True, losses=[lost]))
    assert text.startswith(
        "De las 1.115 series que conoce la versión 2, en producción, faltan 1.112 en este archivo"
    )
    assert "La versión 3 espera aprobación para reemplazar a la 2: su error es" in text


def test_the_first_file_of_a_user_replaces_the_samples_model() -> None:
    first = verdict(kind="first", champion_version=1, champion_rmse=None, absent_rival="example")
    assert "datos de ejemplo" in verdicts.sentence(first)
    assert "datos de ejemplo" not in verdicts.sentence(first | {"absent_rival": None})


def test_a_dialect_in_words() -> None:
    found = {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "gzip": True}
    assert words.dialect(found) == "CP1252 · separado por punto y coma · coma decimal · comprimido (gzip)"
    assert words.dialect({"encoding": None, "delimiter": None, "decimal": None, "gzip": None}) == ""


def test_progress_needs_a_total() -> None:
    assert words.progress({"done": 12, "total": 60}) == (20.0, "12 de 60 candidatos probados")
    assert words.progress({"done": 0, "total": 0}) is None
    assert words.progress(None) is None


def test_a_promotion_names_both_versions_unless_it_was_the_first() -> None:
    assert words.promotion({"model_version": 3, "previous_version": 2}) == "La versión 3 reemplazó a la 2."
    assert "primer modelo" in words.promotion({"model_version": 1, "previous_version": None})


def test_a_win_names_both_errors() -> None:
    assert verdicts.sentence(verdict()) == (
        "La versión 3 reemplaza a la 2: su error es 88,42, un 8,9 % menor que el 97,01 de la versión 2."
    )


def test_a_loss_says_so() -> None:
    said = verdicts.sentence(verdict(promoted=False, challenger_rmse=99.9))
    assert said == (
        "La versión 3 no reemplaza a la 2: su error es 99,90, un 3,0 % mayor que el 97,01 de la versión 2."
    )


def test_errors_that_look_equal_are_called_equal() -> None:
    assert "prácticamente igual al 97,01" in verdicts.sentence(
        verdict(promoted=False, challenger_rmse=97.0101)
    )


def test_a_difference_that_no_figure_shows_is_called_equal() -> None:
    said = verdicts.sentence(verdict(promoted=True, challenger_rmse=139.93, champion_rmse=139.99))
    assert "prácticamente igual al 139,99" in said


def test_a_champion_without_error_divides_nothing() -> None:
    assert "0,00" in verdicts.sentence(verdict(promoted=False, challenger_rmse=1.0, champion_rmse=0.0))


@pytest.mark.parametrize(
    ("kind", "part"),
    [("same_bytes", "mismo archivo"), ("older_upload", "más nuevo"), ("first", "primer modelo")],
)
def test_verdicts_without_comparison(kind: str, part: str) -> None:
    rival = None if kind == "first" else 2
    assert part in verdicts.sentence(verdict(kind=kind, champion_rmse=None, champion_version=rival))


@pytest.mark.parametrize(("held", "start"), [(False, "pasa a producción"), (True, "espera aprobación")])
def test_a_champion_that_is_gone_is_told(held: bool, start: str) -> None:
    said = verdicts.sentence(verdict(kind="first", champion_rmse=None, held=held, absent_rival="gone"))
    assert f"La versión 3 {start}" in said
    assert "MLflow ya no tiene la versión 2" in said


def test_the_basis_tells_a_recipe_comparison_apart() -> None:
    assert "ninguno de los dos" in verdicts.basis(verdict())
    assert "1.095 filas de 110 fechas" in verdicts.basis(verdict())
    assert "receta" in verdicts.basis(verdict(kind="recipe"))
    assert verdicts.basis(verdict(rows=0)) == ""
    assert "azar" in verdicts.evidence(verdict(evidence="undecided"))
    assert verdicts.evidence(verdict(evidence=None)) == ""


def test_a_promotion_that_waits_says_what_to_do() -> None:
    held = verdict(promoted=False, held=True)
    assert verdicts.sentence(held).startswith(
        "La versión 3 espera aprobación para reemplazar a la 2: su error es 88,42"
    )
    assert verdicts.approval(held).endswith("ventas approve 3")
    assert words.status_of({"status": "not_promoted", "verdict": held}).text == "Espera aprobación"
    assert words.status_of({"status": "not_promoted", "verdict": verdict()}) == words.status("not_promoted")
    assert "espera aprobación" in verdicts.sentence(verdict(kind="first", held=True))


def test_an_approval_names_who_gave_it_and_why() -> None:
    approved = {"actor": "ana", "reason": "Visto bueno.", "at": "2026-11-23T13:00:00Z"}
    assert verdicts.approval(verdict(approved=approved)) == "Aprobado por ana: Visto bueno."
    assert verdicts.approval(verdict()) == ""
    entry = {"source": "approved", "actor": "ana", "reason": "Visto bueno."}
    assert words.approver(entry) == "Aprobado por ana: Visto bueno."
    assert words.approver(entry | {"source": "verdict"}) == ""


def test_the_probability_stands_beside_the_evidence() -> None:
    assert verdicts.evidence(verdict(probability=0.984)).endswith("el modelo nuevo sea mejor: 98 %.")


def test_a_table_in_the_place_of_the_searchs_winner_is_told_with_both_errors() -> None:
    replaced = {"candidate": "linear log", "table": "seasonal_naive", "rmse": 5152.5, "table_rmse": 1496.25}
    told = verdicts.replaced(verdict(replaced=replaced))
    assert "(linear log) tuvo en la prueba un error de 5.152,50" in told
    assert "como repetir la última semana parecida tuvo 1.496,25, se usa en su lugar" in told
    latest = verdicts.replaced(verdict(replaced=replaced | {"on": "latest"}))
    assert latest.startswith("Las ventas cambiaron de nivel: en las últimas cuatro semanas")
    assert (verdicts.replaced(verdict()), verdicts.replaced(verdict(replaced=None))) == ("", "")


def test_the_baselines_are_named_with_their_errors() -> None:
    told = verdicts.baselines(verdict(baselines={"means": 98.5, "seasonal_naive": 131.25, "other": 1.0}))
    assert (
        "la tabla de promedios, 98,50 y el de repetir la última semana parecida, 131,25 y el de other" in told
    )
    assert verdicts.baselines(verdict()) == ""


@pytest.mark.parametrize(
    ("segment", "value", "part"),
    [("weekday", "7", "los domingos"), ("promotion", "1", "los días con promoción"), ("holiday", "1", "los festivos"),
     ("series", "17", "la serie 17"), ("weekday", "9", "weekday 9"), ("region", "norte", "region norte")],
)  # fmt: skip
def test_the_worst_part_is_told_in_words(segment: str, value: str, part: str) -> None:
    worst = {"segment": segment, "value": value, "rows": 30, "challenger_rmse": 103.1, "champion_rmse": 100.0}
    told = verdicts.worst_segment(verdict(worst_segment=worst | {"change": 0.031}))
    where = f"De las partes con 20 filas o más, donde más empeora es en {part}:"
    assert told == f"{where} su error es un 3,1 % mayor (103,10 frente a 100,00)."
    assert verdicts.worst_segment(verdict(worst_segment=worst | {"change": -0.01})) == ""
    many = verdict(worst_segment=worst | {"change": 0.031}, series_compared=1000, series_worse=412)
    assert verdicts.worst_segment(many).endswith("Empeora en 412 de 1.000 series.")


def test_windows_are_told_with_the_basis() -> None:
    assert "en 3 ventanas" in verdicts.basis(verdict(kind="recipe", origins=[{}, {}, {}]))


def test_a_run_without_verdict_tells_its_state_or_its_fault() -> None:
    assert verdicts.of_run({"status": "retrain"}) == words.state_sentence("retrain")
    rejected = {"status": "rejected", "quality": {"rejection": {"code": "no_rows"}}}
    assert verdicts.of_run(rejected) == FILE_ADVICE["no_rows"]
    assert verdicts.of_run({"status": "promoted", "verdict": verdict()}) == verdicts.sentence(verdict())


def test_tests_that_disagree_are_not_called_chance() -> None:
    clear = {"evidence": "undecided", "dates": 60, "difference_low": 16.6, "difference_high": 180.1}
    assert "no coinciden" in verdicts.evidence(clear)
    assert "al azar" in verdicts.evidence(clear | {"difference_low": -3.0})
    assert "al azar" in verdicts.evidence(clear | {"dates": 20})


def test_a_part_that_is_worse_by_what_no_figure_shows_is_not_named() -> None:
    worst = {"segment": "promotion", "value": "1", "challenger_rmse": 147.43, "champion_rmse": 147.41}
    assert verdicts.worst_segment({"worst_segment": worst | {"change": 0.0001}}) == ""
    assert "0,1 %" in verdicts.worst_segment({"worst_segment": worst | {"change": 0.0011}})
