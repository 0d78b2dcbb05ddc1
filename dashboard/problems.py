"""Why the API gave no data, as one sentence for a sales person, in the language of the request."""

import re
from typing import Any

import httpx
import structlog

from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from ventas.errors import VentasError

log = structlog.get_logger(__name__)

DOWN = N_("El servicio no responde: compruebe que el sistema esté en marcha y vuelva a intentarlo.")
SLOW = N_("El servicio tarda demasiado en responder; espere un momento y vuelva a intentarlo.")
UNREADABLE = N_("El servicio respondió algo que esta página no entiende; vuelva a intentarlo.")
FAILED = N_(
    "El servicio falló al responder; vuelva a intentarlo y, si se repite, avise a quien lo administra."
)
UNAVAILABLE = N_("El servicio no puede responder ahora mismo; vuelva a intentarlo en un momento.")
MISSING = N_("Lo que busca no existe.")
GONE = N_("Lo que busca ya no está: la retención borró sus archivos, como pide la configuración.")
REFUSED = N_("El servicio no aceptó la petición.")
WRONG_TOKEN = N_("Esa no es la clave de administración de este sistema; no se cambió nada.")
CONFLICT = N_(
    "Ya no se puede: las cosas cambiaron desde que se abrió esta página. Vuelva a cargarla para ver cómo están."
)
UNFIT = N_("Esa versión del modelo no pasó sus comprobaciones, así que no se puede poner en producción.")
NO_CHAMPION = N_(
    "Todavía no hay ningún modelo en producción: suba un archivo ventas.csv y espere a que termine su "
    "ejecución."
)

# Sentences for the parts of a request that the form can get wrong.
_FIELDS = {
    "DíaDeLaSemana": N_(
        "Revise el día de la semana: debe ser uno de lunes a domingo y coincidir con la fecha."
    ),
    "Fecha": N_("Revise la fecha: debe existir y coincidir con el día de la semana."),
    "Promociones": N_("Revise si hay promoción: solo puede ser sí o no."),
    "Festivo": N_("Revise si es festivo: solo puede ser sí o no."),
    "name": N_(
        "Cambie el nombre del archivo: uno de ventas debe contener «ventas»; todos terminan en .csv o .csv.gz y no "
        "llevan barras."
    ),
    "size": N_("El archivo es demasiado grande: divídalo en archivos más pequeños."),
}
# The same for filters, whose names may be those of a form's parts.
_FILTERS = {
    "name": N_(
        "Revise el texto que busca: es demasiado largo o tiene un carácter que ningún nombre de archivo puede tener."
    ),
}


# What the API says that a further column may be.
_ALLOWED = {
    "0 or 1": N_("solo puede ser sí o no."),
    "a finite number": N_("tiene que ser un número."),
}
MOST_NAMED = 3  # fields in one sentence

_SENTENCES: dict[int, str] = {
    httpx.codes.UNAUTHORIZED: WRONG_TOKEN,
    httpx.codes.FORBIDDEN: WRONG_TOKEN,
    httpx.codes.CONFLICT: CONFLICT,
}


class ApiProblem(VentasError):
    """Raised when the API gives no data; `str(problem)` is the sentence to show.

    `missing` tells that the API works and what was asked for does not exist, or no more; `refused` that what was
    asked is wrong.
    """

    def __init__(self, sentence: str, *, missing: bool = False, refused: bool = False) -> None:
        super().__init__(_(sentence))
        self.missing = missing
        self.refused = refused


def from_response(response: httpx.Response) -> ApiProblem:
    """The problem behind a response that is no success; what the API said of it goes to the log."""
    status = response.status_code
    log.warning("api_problem", url=str(response.url), status=status, detail=detail_of(response))
    if status == httpx.codes.NOT_FOUND:
        return ApiProblem(MISSING, missing=True)
    if status == httpx.codes.GONE:
        return ApiProblem(GONE, missing=True)
    if status in _SENTENCES:
        return ApiProblem(_SENTENCES[status])
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        kind = str(_document(response).get("type", ""))
        return ApiProblem(NO_CHAMPION if kind.endswith("no-champion") else UNAVAILABLE)
    if str(_document(response).get("type", "")).endswith("model-unfit"):
        return ApiProblem(UNFIT)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ApiProblem(FAILED)
    return ApiProblem(_refusal(response), refused=True)


def detail_of(response: httpx.Response) -> str:
    """The `detail` of a problem document (RFC 9457), else its title, else nothing."""
    problem = _document(response)
    return str(problem.get("detail") or problem.get("title") or "")


def _refusal(response: httpx.Response) -> str:
    errors = [error for error in _document(response).get("errors") or [] if isinstance(error, dict)]
    names = [str(error.get("field") or "") for error in errors]
    # Of a batch each row at fault has its own: «rows[3].Festivo».
    fields = list(dict.fromkeys(re.sub(r"^rows\[[0-9]+\]\.", "", name) for name in names))
    told = _FIELDS | {name: said for name, said in _FILTERS.items() if name in response.url.params}
    known = [told[field] for field in fields if field in told]
    if known:
        return known[0]
    named = ", ".join(f"«{field}»" for field in fields[:MOST_NAMED] if field)
    if not named:
        return REFUSED
    allowed = {str(error.get("allowed")) for error in errors}
    wanted = _ALLOWED.get(allowed.pop()) if len(allowed) == 1 else None
    if wanted:
        return _("Revise {named}: {wanted}").format(named=named, wanted=_(wanted))
    return _("El servicio no aceptó {named}; revise el valor.").format(named=named)


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        data = response.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
