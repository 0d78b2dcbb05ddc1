"""Any other address: a sentence and the way back."""

import dash
import dash_mantine_components as dmc
from dash import Dash, dcc, html

from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import page_header


def register(_app: Dash) -> None:
    """Add the page; Dash finds it by the name of this module."""
    dash.register_page(
        __name__, path="/404", name=N_("No encontrado"), title=title("No encontrado"), layout=layout
    )


def layout(**_query: str) -> html.Div:
    """The page."""
    return html.Div(
        [
            page_header(
                _("Esta página no existe"), _("La dirección está mal escrita o la página cambió de lugar.")
            ),
            dmc.Text(dcc.Link(_("Ir al pronóstico"), href="/")),
        ]
    )
