"""Why a row or a file is rejected: each stable code with its English sentence and what a sales person must do."""

from dataclasses import dataclass

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET


@dataclass(frozen=True)
class RowRule:
    """A rule that a row may break: the English reason (`{value}` is the cell), and the Spanish advice."""

    reason: str
    advice: str


def _missing(column: str) -> RowRule:
    return RowRule(
        f"{column} is empty.", f"La columna {column} está vacía. Complete el valor o borre la fila."
    )


def _flag(column: str) -> RowRule:
    return RowRule(
        f"{column} {{value}} is neither 0 nor 1.", f"La columna {column} solo admite 0 o 1 (también sí o no)."
    )


ROW_RULES = {
    "fields": RowRule(
        "The row has {value} cells but the header has {expected}.",
        "La fila no tiene tantas celdas como el encabezado. Revise los separadores; si un texto o un decimal lleva "
        "el separador dentro, escríbalo entre comillas.",
    ),
    "missing_date": _missing(DATE),
    "missing_promotion": _missing(PROMOTION),
    "missing_holiday": _missing(HOLIDAY),
    "missing_sales": _missing(TARGET),
    "date_unreadable": RowRule(
        f"{DATE} {{value}} is not a date written as 2022-12-31 or 31/12/2022.",
        f"La columna {DATE} no tiene una fecha válida. Escríbala como 2022-12-31 o 31/12/2022 (día primero).",
    ),
    "date_out_of_range": RowRule(
        f"{DATE} {{value}} is outside the years 1900 to 2200.",
        f"El año de la columna {DATE} está fuera de 1900 a 2200. Corrija el año.",
    ),
    "date_far_off": RowRule(
        f"{DATE} {{value}} is more than a year from all other dates; the year is mistyped, most likely.",
        f"La columna {DATE} tiene un día a más de un año de todos los demás: casi siempre es un año mal escrito. "
        "Corríjalo; si es correcto, agregue los días de alrededor.",
    ),
    "promotion_invalid": _flag(PROMOTION),
    "holiday_invalid": _flag(HOLIDAY),
    "sales_unreadable": RowRule(
        f"{TARGET} {{value}} is not a number with decimal {{decimal}}.",
        f"La columna {TARGET} no tiene un número, o usa otro signo decimal que el resto del archivo. Escriba solo el "
        "número.",
    ),
    "sales_negative": RowRule(
        f"{TARGET} {{value}} is negative.",
        f"La columna {TARGET} es negativa. Las devoluciones no van en este archivo: escriba 0 o más.",
    ),
    "sales_absurd": RowRule(
        f"{TARGET} {{value}} is above 1,000,000,000,000.",
        f"La columna {TARGET} supera un billón (10^12). Revise el signo decimal y los ceros.",
    ),
    "number_unreadable": RowRule(
        "{name} {value} is not a number with decimal {decimal}.",
        "Una columna que el modelo lee como número tiene otra cosa, o usa otro signo decimal. Escriba solo el número "
        "o deje la celda vacía.",
    ),
    "flag_invalid": RowRule(
        "{name} {value} is neither 0 nor 1.",
        "Una columna que el modelo lee como 0 o 1 tiene otra cosa. Escriba 0 o 1, o deje la celda vacía.",
    ),
    "duplicate_date": RowRule(
        f"{DATE} {{value}} stands again in a later row; the last one is kept.",
        "La fecha está repetida más abajo (en la misma serie, si hay varias); se conserva la última fila. Borre las "
        "anteriores si sobran. Si el archivo lleva varias series (tiendas, por ejemplo), una columna debe decir de "
        "cuál es cada fila.",
    ),
}

FILE_ADVICE = {
    "deleted": "El archivo se borró antes de poder leerlo. Súbalo de nuevo.",
    "missing_column": "Falta una columna obligatoria. La primera línea debe llevar los nombres Fecha, Promociones, "
    "Festivo y Ventas; DíaDeLaSemana puede faltar. Agregue la columna que falta o corrija su nombre.",
    "missing_forecast_column": "Falta una columna obligatoria. La primera línea de un archivo de pronóstico debe "
    "llevar los nombres Fecha, Promociones y Festivo. Agregue la columna que falta o corrija su nombre.",
    "too_many_rows": "El archivo tiene demasiadas filas. Divídalo en archivos más pequeños.",
    "cell_too_long": "Una celda es demasiado larga para copiarla en la respuesta. Acórtela.",
    "too_many_rejected": "Demasiadas filas tienen errores. Corríjalas y vuelva a subir el archivo.",
    "no_good_rows": "Ninguna fila se puede usar. Corríjalas y vuelva a subir el archivo.",
    "too_few_rows": "Quedan muy pocas filas para entrenar un modelo. Suba un archivo con más días de ventas.",
    "too_large": "El archivo es demasiado grande. Divídalo en archivos más pequeños.",
    "too_many_columns": "El archivo tiene demasiadas columnas. Borre las que no hagan falta.",
    "bad_gzip": "El archivo comprimido (gzip) está dañado o incompleto. Comprímalo otra vez y vuelva a subirlo.",
    "binary": "El archivo no es un CSV, aunque se llame así. En la planilla elija «Guardar como» y el tipo CSV.",
    "encoding": "El texto tiene caracteres dañados. Guarde el archivo otra vez como «CSV UTF-8».",
    "empty_file": "El archivo está vacío. Suba un CSV con encabezado y una fila por día.",
    "header": "No se puede leer el encabezado. La primera línea debe llevar solo los nombres de las columnas.",
    "duplicate_column": "Dos columnas tienen el mismo nombre. Cambie el nombre de una o bórrela.",
    "quotes": 'Hay una comilla (") suelta. Bórrela, o encierre la celda entera entre comillas.',
    "no_rows": "El archivo tiene encabezado pero ninguna fila. Agregue una fila por día.",
}

# What to do about a column that leaks sales, by the kind of leak.
LEAK_ADVICE = {
    "follows": "La columna {name} sigue a las ventas día a día.",
    "zeros": "La columna {name} vale cero justo cuando no hay ventas, y las sigue los demás días.",
}
LEAK_REMEDY = (
    "Si no se conoce de antemano, pida que se agregue a LEFT_OUT_COLUMNS: no sirve para pronosticar."
)

# Details of a rejection, as the Spanish text names them.
DETAIL_NAMES = {
    "line": "Línea",
    "missing": "Columnas que faltan",
    "found": "Columnas encontradas",
    "columns": "Columnas",
    "max_columns": "Máximo de columnas",
    "max_bytes": "Máximo de bytes",
    "max_rows": "Máximo de filas",
    "max_cells": "Máximo de celdas",
    "max_expansion": "Máximo de veces que puede crecer al descomprimirse",
    "rows": "Filas válidas",
    "needed": "Filas necesarias",
    "train": "Para entrenar",
    "test": "Para probar",
}
