"""What the pipeline remarks about a file, as sentences: each code of `ventas.remarks` with its facts."""

from typing import Any

from dashboard import formats
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_

SENTENCES = {
    "decimal_unproven": N_(
        "Nada prueba si la marca en Ventas es decimal o de miles; se tomó {mark} decimal, como es usual con este "
        "separador ({rows} filas)."
    ),
    "weekday_absent": N_("El archivo no trae DíaDeLaSemana; se dedujo de la Fecha."),
    "weekday_empty": N_("DíaDeLaSemana está vacío en {rows} filas; se dedujo de la Fecha."),
    "weekday_contradicts": N_(
        "DíaDeLaSemana no es el de la Fecha en {rows} filas (la primera, en la línea {line}); valió la Fecha."
    ),
    "future_dates": N_(
        "La Fecha es posterior a hoy ({today}) en {rows} filas (la primera, en la línea {line}). Se usaron como "
        "vendidas; si son un error de tipeo o un plan, corríjalas o bórrelas y vuelva a subir el archivo."
    ),
    "older_rows": N_(
        "{rows} filas correctas anteriores al {date} no se usan para entrenar: MAX_TRAINING_ROWS admite los días más "
        "nuevos, que suman {kept} filas."
    ),
    "marked_with_x": N_("{column} está marcada con x: {rows} celdas vacías se leyeron como 0."),
    "empty_lines": N_("Líneas vacías que no se tuvieron en cuenta: {lines}."),
    "left_out_by_setting": N_("La columna {column} no se usa: LEFT_OUT_COLUMNS la nombra."),
    "left_out_unnamed": N_("La columna {column} no se usa: no tiene nombre."),
    "left_out_empty": N_("La columna {column} no se usa: está vacía."),
    "left_out_long": N_("La columna {column} no se usa: tiene textos de más de {most} caracteres."),
    "left_out_many": N_("La columna {column} no se usa: tiene {kinds} textos distintos, más de {most}."),
    "series_left_out": N_(
        "La columna {column} distingue las series, pero no se usa: ningún modelo puede conocer una serie."
    ),
    "series_empty": N_(
        "La columna {column} distingue las series, pero está vacía en {rows} filas (la primera, en la línea {line}): "
        "el modelo las aprende sin saber de quién son. Complétela y vuelva a subir el archivo."
    ),
    "series_of_two": N_(
        "Las columnas {first} y {second} solo juntas distinguen las series. Únalas en una columna (por ejemplo "
        "«A-17»), aquí y donde se pidan pronósticos, y el modelo conocerá cada serie."
    ),
    "columns_gone": N_(
        "La versión {version}, en producción, aprendió de {columns}, y este archivo no las tiene. Un modelo de este "
        "archivo que ocupe su lugar no las conocerá."
    ),
    "series_fewer": N_(
        "La versión {version}, en producción, conoce {known} series y este archivo tiene {found}. Un modelo de este "
        "archivo que ocupe su lugar no conocerá las demás."
    ),
    "series_lost": N_(
        "De las {known} series que conoce la versión {version}, en producción, faltan {lost} en este archivo, con el "
        "{share} % de las ventas ({examples}). Un modelo de este archivo que ocupe su lugar no las conocerá."
    ),
    "days_lost": N_(
        "La versión {version}, en producción, conoce ventas hasta el {known} y este archivo termina el {found}. Un "
        "modelo de este archivo que ocupe su lugar no conocerá los días más nuevos."
    ),
    "closed_as_one": N_(
        "La columna {column} vale 1 en días sin ventas. Si son días cerrados, indíquelos con una columna que valga 0 "
        "cuando está cerrado y 1 cuando está abierto, y el modelo sabrá que no se vende nada."
    ),
    "sales_unread": N_("El archivo trae Ventas; para pronosticar no se lee."),
    "answer_renamed": N_(
        "El archivo ya trae una columna {column}, que queda como está; la de la respuesta se llama {own}."
    ),
    "input_absent": N_("Falta la columna {column}, que el modelo lee; se pronosticó sin ella."),
    "open_assumed": N_(
        "{rows} filas no dicen en {column} si está abierto. De ellas, {closed} se pronosticaron como días cerrados, "
        "porque esos días casi siempre lo fueron; las demás, como abiertos."
    ),
    "series_unknown": N_(
        "{rows} filas nombran un valor de {series} que el modelo no conoce; se pronosticaron sin él (la primera, en "
        "la línea {line})."
    ),
}
TOLD_ELSEWHERE = ("leak",)  # has a section of its own in the report
_MARKS = {"comma": N_("la coma"), "point": N_("el punto")}


def remarks(report: dict[str, Any]) -> list[str]:
    """All remarks of a quality report but those with a section of their own.

    A code that is not known here is told by its English sentence, and so is a report from before there were codes.
    """
    sentences = [str(text) for text in report.get("warnings") or []]
    coded = report.get("remarks")
    if coded is None or len(coded) != len(sentences):
        told = tuple(str(leak.get("why")) for leak in report.get("leaks") or [])
        return [text for text in sentences if not text.startswith(told)]
    return [
        sentence(remark, text)
        for remark, text in zip(coded, sentences, strict=True)
        if remark.get("code") not in TOLD_ELSEWHERE
    ]


def sentence(remark: dict[str, Any], english: str = "") -> str:
    """One remark in the language of the page; `english` where its code is not known here."""
    text = SENTENCES.get(remark.get("code", ""))
    return _(text).format_map(_Facts(remark)) if text else english


def losses(verdict: dict[str, Any]) -> str:
    """Sentences about what the champion knows and a challenger's file lacks; empty where nothing is lost."""
    return " ".join(filter(None, (sentence(loss) for loss in verdict.get("losses") or [])))


class _Facts(dict[str, Any]):
    """Facts as the language of the page writes them; one that is missing is a dash."""

    def __getitem__(self, name: str) -> str:
        value = self.get(name, formats.NOTHING)
        if name == "mark":
            return _(_MARKS.get(value, value))
        return formats.count(value) if isinstance(value, int) else str(value)
