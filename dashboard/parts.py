"""Small pieces that every page is made of. All text goes in as text: nothing here renders HTML or Markdown."""

from typing import Any

import dash_mantine_components as dmc
from dash import Output, html

from dashboard.i18n import gettext as _
from dashboard.words import Label

Shown = tuple[bool, str]
NO_PROBLEM: Shown = (True, "")


def icon(name: str) -> html.Span:
    """An icon of the style sheet, hidden from screen readers: words beside it say the same."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})


def page_header(title: str, about: str, *actions: Any) -> dmc.Group:
    """Title of a page, one sentence about it, and its buttons on the right."""
    return dmc.Group(
        [
            html.Div(
                [dmc.Title(title, order=1, className="page-title"), dmc.Text(about, c="dimmed", size="sm")],
                className="page-header-text",
            ),
            dmc.Group(list(actions), gap="xs"),
        ],
        justify="space-between",
        align="flex-end",
        className="page-header",
    )


def refresh_button(page: str) -> dmc.Button:
    """The button `<page>-refresh`."""
    return dmc.Button(_("Actualizar"), id=f"{page}-refresh", variant="default", leftSection=icon("refresh"))


def problem_notice(page: str) -> html.Div:
    """A hidden notice for one sentence, with the button `<page>-retry`; fill it through `problem_outputs`."""
    return html.Div(
        dmc.Alert(
            dmc.Group(
                [
                    dmc.Text(id=f"{page}-problem-text", size="sm", className="grow"),
                    dmc.Button(_("Reintentar"), id=f"{page}-retry", size="xs", color="red", variant="light"),
                ],
                justify="space-between",
                gap="sm",
            ),
            color="red",
            variant="light",
            icon=icon("warning"),
        ),
        id=f"{page}-problem",
        hidden=True,
        className="notice",
    )


def problem_outputs(page: str) -> tuple[Output, Output]:
    """Where a callback puts NO_PROBLEM or `problem_shown(...)`."""
    return Output(f"{page}-problem", "hidden"), Output(f"{page}-problem-text", "children")


def problem_shown(problem: Exception) -> Shown:
    """The values for `problem_outputs` that show a problem's sentence."""
    return False, str(problem)


def badge(label: Label, size: str = "md") -> dmc.Badge:
    """A state as a coloured word."""
    return dmc.Badge(_(label.text), color=label.color, variant="light", size=size, className="badge")


def card(*children: Any, title: str | None = None, **props: Any) -> dmc.Paper:
    """A framed area, with a heading if given."""
    heading = [dmc.Title(title, order=2, className="card-title")] if title else []
    return dmc.Paper([*heading, *children], withBorder=True, radius="md", p="lg", **props)


def figure_of(label: str, value: str, note: str = "") -> html.Div:
    """One figure with what it means above and an optional remark below."""
    parts = [
        dmc.Text(label, size="xs", c="dimmed"),
        dmc.Text(value, className="figure-value"),
        dmc.Text(note, size="xs", c="dimmed") if note else None,
    ]
    return html.Div([part for part in parts if part is not None], className="figure")


def figures(*items: html.Div) -> html.Div:
    """Figures side by side, as many as fit."""
    return html.Div(list(items), className="figures")


def empty(sentence: str, icon_name: str = "files") -> html.Div:
    """What stands where there is nothing to list yet."""
    return html.Div([icon(icon_name), dmc.Text(sentence, c="dimmed", size="sm")], className="empty")


def skeleton(height: int) -> dmc.Skeleton:
    """The place of something that is still loading."""
    return dmc.Skeleton(height=height, radius="md")


def plain_table(head: list[Any], rows: list[list[Any]], label: str, *, style: str = "") -> html.Div:
    """A short table that never needs paging; scrolls sideways by itself where it does not fit."""
    return html.Div(
        dmc.Table(
            [
                dmc.TableThead(dmc.TableTr([dmc.TableTh(text) for text in head])),
                dmc.TableTbody([dmc.TableTr([dmc.TableTd(cell) for cell in row]) for row in rows]),
            ],
            verticalSpacing="xs",
            striped=True,
            stripedColor="var(--surface-raised)",
            borderColor="var(--line)",
        ),
        className=f"scroll-x {style}".strip(),
        role="region",
        tabIndex=0,
        **{"aria-label": label},
    )
