"""How every ag-grid table of the dashboard looks and speaks. Cells are plain text: no renderer, no Markdown."""

from typing import Any

import dash_ag_grid as dag
from dash import html

from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_

# https://www.ag-grid.com/react-data-grid/localisation/ : only what our tables can show
_LOCALE = {
    "page": N_("Página"),
    "to": N_("a"),
    "of": N_("de"),
    "more": N_("más"),
    "firstPage": N_("Primera página"),
    "previousPage": N_("Página anterior"),
    "nextPage": N_("Página siguiente"),
    "lastPage": N_("Última página"),
    "pageSizeSelectorLabel": N_("Filas por página:"),
    "ariaPageSizeSelectorLabel": N_("Filas por página"),
    "loadingOoo": N_("Cargando…"),
    "loadingError": N_("Sin datos"),
    "noRowsToShow": N_("Todavía no hay nada que mostrar"),
    "ariaSortableColumn": N_("Pulse Intro para ordenar"),
}

# The grid takes its colours from the page, so it follows the light and the dark scheme.
_THEME = (
    "themeQuartz.withParams({"
    "fontFamily: 'inherit', fontSize: 14, headerFontSize: 13, headerFontWeight: 600, spacing: 7,"
    "cellHorizontalPadding: 6,"
    "backgroundColor: 'var(--surface)', foregroundColor: 'var(--mantine-color-text)',"
    "headerBackgroundColor: 'var(--surface-raised)', headerTextColor: 'var(--mantine-color-dimmed)',"
    "borderColor: 'var(--line)', rowHoverColor: 'var(--surface-hover)',"
    "browserColorScheme: 'inherit', accentColor: 'var(--mantine-primary-color-filled)', wrapperBorderRadius: 8"
    "})"
)


def column(field: str, name: str, width: int, *, numeric: bool = False, **more: Any) -> dict[str, Any]:
    """A column of at least `width` pixels; numbers stand on the right."""
    aligned = {"type": "rightAligned"} if numeric else {}
    return {"field": field, "headerName": name, "minWidth": width, **aligned, **more}


def decimals(places: int) -> dict[str, str]:
    """A value formatter that shows numbers of the page's language with `places` decimals (see assets/formats.js)."""
    return {"function": f"number(params.value, {places})"}


def grid(grid_id: str, columns: list[dict[str, Any]], label: str, **more: Any) -> html.Div:
    """A table that fills the width and scrolls sideways on a phone."""
    options = {
        "theme": {"function": _THEME},
        "localeText": {name: _(text) for name, text in _LOCALE.items()},
        "suppressCellFocus": False,
        "enableCellTextSelection": True,
        "ensureDomOrder": True,
        "suppressMovableColumns": True,
        **more.pop("options", {}),
    }
    return html.Div(
        dag.AgGrid(
            id=grid_id,
            columnDefs=columns,
            defaultColDef={"sortable": False, "resizable": True, "flex": 1},
            dashGridOptions=options,
            **more,
        ),
        role="region",
        **{"aria-label": label},
    )


def paged(grid_id: str, columns: list[dict[str, Any]], label: str, page_size: int, **more: Any) -> html.Div:
    """A table whose pages are asked of the server through `getRowsRequest`."""
    return grid(
        grid_id,
        columns,
        label,
        rowModelType="infinite",
        style={"height": 42 * (page_size + 1) + 76},
        **more,
        options={
            "pagination": True,
            "paginationPageSize": page_size,
            "paginationPageSizeSelector": False,
            "cacheBlockSize": page_size,
            "maxBlocksInCache": 5,
            "rowHeight": 42,
        },
    )
