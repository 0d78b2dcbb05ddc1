"""The pages in the browser's language: every sentence has its English, and a request's language is its own."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask

import dashboard
from dashboard import formats, i18n
from ventas import rejections

KEYWORDS = {"_": None, "gettext": None, "N_": None, "title": None, "ngettext": (1, 2), "counted": (2, 3)}
PLACEHOLDERS = re.compile(r"%?\{\w*\}")
ZONE = "Europe/Madrid"


def written() -> set[str | tuple[str, ...]]:
    """Every text that the pages' code gives to be translated."""
    found = extract_from_dir(Path(dashboard.__file__).parent, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found if message} | advice()


def advice() -> set[str | tuple[str, ...]]:
    """What the domain tells a sales team to do, which the pages translate."""
    tables = (rejections.FILE_ADVICE, rejections.LEAK_ADVICE, rejections.DETAIL_NAMES)
    rows = {rule.advice for rule in rejections.ROW_RULES.values()}
    return {text for table in tables for text in table.values()} | rows | {rejections.LEAK_REMEDY}


def english() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    """The English of every text, from all the files."""
    catalogue = i18n.catalogue(i18n.ENGLISH)
    return {message.id: message.string for message in catalogue if message.id}


def test_every_sentence_has_its_english() -> None:
    known = english()
    assert sorted(str(text) for text in written() if text not in known or not all(known[text])) == []


def test_no_english_is_left_of_a_sentence_that_is_gone() -> None:
    assert sorted(str(text) for text in english().keys() - written()) == []


def test_a_translation_has_the_placeholders_of_its_sentence() -> None:
    for text, translated in english().items():
        ours = text if isinstance(text, str) else text[-1]
        theirs = translated if isinstance(translated, str) else translated[-1]
        assert set(PLACEHOLDERS.findall(ours)) == set(PLACEHOLDERS.findall(theirs)), ours


@pytest.mark.parametrize(
    ("accepted", "cookie", "language"),
    [
        ("", None, "es"),
        ("en-US,en;q=0.9", None, "en"),
        ("es-419,es;q=0.9,en;q=0.8", None, "es"),
        ("de-DE,de;q=0.9", None, "es"),
        ("de-DE,en;q=0.5", None, "en"),
        ("en-US,en;q=0.9", "es", "es"),
        ("es", "en", "en"),
        ("es", "<script>", "es"),
    ],
)
def test_the_switch_wins_over_the_browsers_languages(
    accepted: str, cookie: str | None, language: str
) -> None:
    headers = {"Accept-Language": accepted} | ({"Cookie": f"{i18n.COOKIE}={cookie}"} if cookie else {})
    with Flask("test").test_request_context(headers=headers):
        assert i18n.language() == language


def test_english_numbers_and_dates() -> None:
    with Flask("test").test_request_context(headers={"Accept-Language": "en"}):
        assert formats.number(1605.2) == "1,605.20"
        assert formats.share(0.0146) == "1.5%"
        assert formats.counted(2190, "fila", "filas") == "2,190 rows"
        assert formats.day("2026-04-03") == "3 Apr 2026"
        assert formats.clock("2026-12-01T02:30:00Z", ZONE) == "1 Dec 2026 03:30"
        assert formats.long_day("2026-11-30") == "Monday, 30 November 2026"
        assert formats.weekday(7) == "Sunday"
        assert i18n.gettext("Actualizar") == "Refresh"
    assert i18n.gettext("Actualizar") == "Actualizar"
