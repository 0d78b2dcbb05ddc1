"""The fixed parts of the page «Subir ventas»: the field to drop files on, the chosen file, the sending."""

import dash_mantine_components as dmc
from dash import get_asset_url, html

from dashboard import formats
from dashboard.i18n import gettext as _
from dashboard.parts import card, icon

SALES, FORECAST = "sales", "forecast"


def words() -> html.Div:
    """What the browser says by itself, for it may have lost the server."""
    return html.Div(
        id="upload-words",
        hidden=True,
        **{
            "data-of": _("de"),
            "data-unreadable": _(
                "El navegador no puede leer este archivo: ¿sigue en su lugar? Ciérrelo en otros programas y elíjalo "
                "de nuevo."
            ),
            "data-expired": _("El permiso para subir venció o no vale. Pulse Reintentar para pedir otro."),
            "data-store": _(
                "El almacén de archivos no aceptó el archivo. Espere un momento y pulse Reintentar; si se repite, "
                "avise a quien administra el sistema."
            ),
            "data-lost": _(
                "Se cortó la conexión con el almacén de archivos. Compruebe la red y pulse Reintentar: el archivo se "
                "enviará de nuevo, entero."
            ),
        },
    )


def templates() -> dmc.Group:
    """Files to begin with: a header and two example rows, as a spreadsheet opens them."""
    named = {
        "plantilla-ventas.csv": (_("Plantilla de ventas"), "ventas.csv"),
        "plantilla-pronostico.csv": (_("Plantilla de días"), "dias.csv"),
    }
    links = [
        html.A([icon("files"), label], href=get_asset_url(asset), download=name, className="template")
        for asset, (label, name) in named.items()
    ]
    return dmc.Group(links, gap="xs")


def choice(most_bytes: int) -> html.Div:
    """The field that takes files; the browser's own file dialogue hangs on its button."""
    about = _(
        "CSV de ventas (su nombre lleva «ventas»), también comprimido con gzip, de hasta {size}."
    ).format(size=formats.size(most_bytes))
    return html.Div(
        html.Div(
            [
                icon("upload"),
                dmc.Text(_("Arrastre aquí uno o varios archivos"), className="drop-title"),
                dmc.Button(_("Elegir archivo"), id="upload-pick", size="md"),
                dmc.Text(about, size="sm", c="dimmed"),
            ],
            id="upload-drop",
            className="drop",
        ),
        id="upload-choice",
    )


def chosen() -> html.Div:
    """The chosen file: what it is for, what its beginning tells, under which name it goes, and the buttons."""
    kinds = dmc.SegmentedControl(
        id="upload-kind",
        data=[
            {"value": SALES, "label": _("Ventas")},
            {"value": FORECAST, "label": _("Días para pronosticar")},
        ],
        value=SALES,
        **{"aria-label": _("Qué contiene el archivo")},
    )
    name = dmc.TextInput(id="upload-name", label=_("Se guardará como"), value="", className="grow")
    buttons = dmc.Group(
        [
            dmc.Button(_("Descartar"), id="upload-drop-it", variant="default"),
            dmc.Button(_("Subir archivo"), id="upload-send", leftSection=icon("upload")),
        ],
        gap="sm",
    )
    return html.Div(
        card(
            html.Div(
                [
                    kinds,
                    html.Div(id="upload-preview", **{"aria-live": "polite"}),
                    dmc.Group([name, buttons], align="flex-end", justify="space-between", gap="md"),
                ],
                className="stack",
            )
        ),
        id="upload-chosen",
        hidden=True,
    )


def sending() -> html.Div:
    """How far the sending is, and a way to end it."""
    return html.Div(
        card(
            html.Div(
                [
                    dmc.Title(_("Subiendo"), order=2, className="card-title"),
                    dmc.Progress(
                        id="upload-progress", value=0, size="lg", **{"aria-label": _("Avance de la subida")}
                    ),
                    dmc.Group(
                        [
                            dmc.Text(id="upload-progress-text", className="progress-text"),
                            dmc.Button(_("Cancelar"), id="upload-cancel", variant="default", size="xs"),
                        ],
                        justify="space-between",
                    ),
                ],
                className="stack tight",
            )
        ),
        id="upload-sending",
        hidden=True,
    )
