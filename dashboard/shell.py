"""What surrounds every page: header with the system's health, navigation, links to the other tools."""

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, links, login, polling, problems, visitors
from dashboard.i18n import LANGUAGES, language
from dashboard.i18n import gettext as _
from dashboard.parts import icon
from dashboard.problems import ApiProblem
from ventas.settings import Settings

HEALTH_POLL_MILLISECONDS = 10_000
LOOKS_SOON = 5  # each process of the API takes a new champion a moment after it was told to
NAV_WIDTH = 236
NOT_YET = "No model has been promoted yet"  # the API's reason on a new system

THEME = {
    "primaryColor": "teal",
    # Mantine's teal with a darker end: white on it, and it on its own tint, can be read (WCAG 1.4.3).
    "colors": {
        "teal": [
            *("#e6fcf5", "#c3fae8", "#96f2d7", "#63e6be", "#38d9a9"),
            *("#20c997", "#12b886", "#0ca678", "#099268", "#0b6e4f"),
        ]
    },
    "primaryShade": 9,
    "defaultRadius": "md",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, Ubuntu, 'Noto Sans', sans-serif",
    "headings": {"fontWeight": "650"},
}

INDEX = """<!DOCTYPE html>
<html lang="{%language%}">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
    <script>
      (function () {
        var kept = localStorage.getItem("mantine-color-scheme-value");
        var dark = matchMedia("(prefers-color-scheme: dark)").matches;
        var scheme = kept === "light" || kept === "dark" ? kept : dark ? "dark" : "light";
        document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
      })();
    </script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def layout(settings: Settings) -> dmc.MantineProvider:
    """The frame around `dash.page_container`."""
    frame = dmc.AppShell(
        [_header(), _navbar(settings), dmc.AppShellMain(_main(settings))],
        id="shell",
        header={"height": 60},
        navbar={"width": NAV_WIDTH, "breakpoint": "sm", "collapsed": {"mobile": True}},
    )
    return dmc.MantineProvider(
        dmc.DatesProvider(frame, settings={"locale": language(), "firstDayOfWeek": 1}),
        theme=THEME,
        defaultColorScheme="auto",
    )


def register(app: Dash) -> None:
    """Bind the callbacks of the frame to `app`."""
    app.callback(
        Output("health", "children"),
        Output("health-banner", "children"),
        Output("health-banner", "hidden"),
        Input("health-tick", "n_intervals"),
        Input("health-soon", "n_intervals"),
    )(show_health)
    app.callback(
        Output("health-soon", "n_intervals"),
        Output("health-soon", "max_intervals"),
        Input("models-changed", "data", allow_optional=True),
        Input("run-acted", "data", allow_optional=True),
        prevent_initial_call=True,
    )(look_soon)
    app.clientside_callback(
        ClientsideFunction("shell", "forget_fault"),
        Output("page-fault", "hidden"),
        Input("_pages_location", "pathname"),
    )
    app.clientside_callback(
        ClientsideFunction("shell", "navigation"),
        Output("shell", "navbar"),
        Output("burger", "opened"),
        Input("burger", "opened"),
        Input("_pages_location", "pathname"),
        State("shell", "navbar"),
    )


def look_soon(changed: Any, acted: Any) -> tuple[int, int] | Any:
    """Start looking at the health more often for a while, once a page has changed something."""
    return (0, LOOKS_SOON) if changed or acted else (no_update, no_update)


def show_health(_ticks: int | None, _soon: int | None) -> tuple[dmc.Badge, str, bool]:
    """The header's badge, and a sentence below the header when no forecast can be made."""
    try:
        health = context.api().health()
    except ApiProblem as problem:
        return _health_badge(_("Sin conexión"), "red"), str(problem), False
    if health.version is None:
        return _health_badge(_("Sin modelo"), "orange"), _why_none(health.reason), False
    version = [
        html.Span(_("Modelo en producción: "), className="only-wide"),
        html.Span(_("versión {number}").format(number=health.version), className="only-wide"),
        html.Span(f"v{health.version}", className="only-narrow"),
    ]
    if not health.example:
        return _health_badge(version, "teal"), "", True
    example = [html.Span(" · "), html.Span(_("datos de ejemplo"), className="example-data")]
    return _health_badge([*version, *example], "yellow"), "", True


def _why_none(reason: str) -> str:
    """That there is no champion, and why; before the first upload the page says what to do, not the API's words."""
    if not reason or reason.startswith(NOT_YET):
        return _(problems.NO_CHAMPION)
    return _("Todavía no hay un modelo en producción.") + _(" Motivo: {reason}").format(reason=reason)


def _health_badge(text: Any, color: str) -> dmc.Badge:
    return dmc.Badge(
        text, color=color, variant="light", size="lg", className="badge", leftSection=icon("dot")
    )


def _header() -> dmc.AppShellHeader:
    left = [
        dmc.Burger(id="burger", size="sm", hiddenFrom="sm", **{"aria-label": _("Abrir o cerrar el menú")}),
        dcc.Link([icon("logo"), html.Span("Ventas")], href="/", className="brand"),
    ]
    right = [
        html.Div(id="health", role="status", className="health"),
        _language_switch(),
        dmc.ColorSchemeToggle(
            lightIcon=icon("sun"),
            darkIcon=icon("moon"),
            variant="default",
            size="lg",
            **{"aria-label": _("Cambiar entre tema claro y oscuro")},
        ),
    ]
    return dmc.AppShellHeader(
        dmc.Group(
            [dmc.Group(left, gap="sm", wrap="nowrap"), dmc.Group(right, gap="sm", wrap="nowrap")],
            justify="space-between",
            wrap="nowrap",
            h="100%",
            px="md",
        )
    )


def _language_switch() -> html.Button:
    """A button that carries the name of the other language, in that language."""
    other = next(code for code in LANGUAGES if code != language())
    return html.Button(
        [
            html.Span(LANGUAGES[other], className="only-wide"),
            html.Span(other.upper(), className="only-narrow"),
        ],
        id="language",
        lang=other,
        className="language",
        title=LANGUAGES[other],
        **{"data-language": other},
    )


def _navbar(settings: Settings) -> dmc.AppShellNavbar:
    pages = [page for page in dash.page_registry.values() if page.get("icon")]
    own = [
        dmc.NavLink(
            label=_(name),
            href=page["relative_path"],
            active="exact" if page["path"] == "/" else "partial",
            leftSection=icon(page["icon"]),
        )
        for name, page in ((page["name"], page) for page in pages)
    ]
    others = [
        dmc.NavLink(
            label=link.label,
            href=link.href,
            target="_blank",
            leftSection=icon(link.icon),
            rightSection=icon("outside"),
        )
        for link in links.tools(settings)
    ]
    heading = dmc.Text(_("Herramientas"), size="xs", c="dimmed", className="nav-heading")
    nav = html.Nav([*own, heading, *others], **{"aria-label": _("Principal")})
    return dmc.AppShellNavbar([nav, *_visitor(settings)], p="sm")


def _visitor(settings: Settings) -> list[html.Div]:
    """The user's name where a proxy tells it, the way out where there is a login."""
    if settings.DASHBOARD_AUTH == "token":
        leave = html.Button(_("Salir"), type="submit", id="leave", className="language")
        return [html.Div(html.Form(leave, action=login.LEAVE, method="POST"), className="visitor")]
    name = visitors.visitor()
    return [html.Div(name, id="visitor", className="visitor")] if name else []


def _main(settings: Settings) -> html.Div:
    return html.Div(
        [
            dcc.Interval(id="health-tick", interval=HEALTH_POLL_MILLISECONDS),
            dcc.Interval(id="health-soon", interval=polling.LIVE_MILLISECONDS, max_intervals=0),
            html.Div(id="health-banner", hidden=True, role="status", className="banner"),
            html.Div(id="page-fault", hidden=True, role="alert", className="banner fault"),
            dash.page_container,
            dmc.Text(
                _("Las horas son de {zone}.").format(zone=settings.BUSINESS_TIMEZONE.replace("_", " ")),
                className="zone-note",
            ),
        ],
        className="main",
    )
