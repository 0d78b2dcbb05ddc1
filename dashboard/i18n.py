"""The language of a request: Spanish or English, chosen by the browser, or by the switch in the header.

The pages are written in Spanish, so a Spanish sentence is also the key under which its translation is found
(gettext's way). Each file of `translations/en` translates a part of the pages; tests hold that none is missing.
Outside a request the language is Spanish.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import has_request_context, request

SPANISH, ENGLISH = "es", "en"
LANGUAGES = {SPANISH: "Español", ENGLISH: "English"}
COOKIE = "idioma"  # set by the switch (assets/client.js); a browser that has none tells its own languages
CATALOGUES = Path(__file__).parent / "translations"
# Dots between thousands also below 10.000, as the sales team's spreadsheets write; days before months.
_LOCALES = {SPANISH: Locale("es", "AR"), ENGLISH: Locale("en", "GB")}


def language() -> str:
    """Code of the language of this request: the cookie's, else the best of what the browser accepts."""
    if not has_request_context():
        return SPANISH
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES, default=SPANISH)


def locale() -> Locale:
    """How numbers and dates of this request are written."""
    return _LOCALES[language()]


def gettext(text: str) -> str:
    """`text` in the language of this request; as it is where no translation is known."""
    return str(_translations(language()).gettext(text)) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, whichever goes with `count`, in the language of this request."""
    return str(_translations(language()).ngettext(one, many, count))


def mark(text: str) -> str:
    """`text` as it is: a constant that `gettext` translates where it is shown."""
    return text


def title(text: str) -> Callable[..., str]:
    """A page's title for `dash.register_page`, in the language of each request."""
    return lambda **_variables: f"{gettext(text)} · Ventas"


@cache
def _translations(code: str) -> NullTranslations:
    if code == SPANISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(code))
    compiled.seek(0)
    return Translations(compiled)


def catalogue(code: str) -> Catalog:
    """All messages of `code`, from the files of its folder."""
    merged = Catalog(locale=code, charset="utf-8")
    for path in sorted((CATALOGUES / code).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=code, charset="utf-8"):
                if message.id:
                    merged[message.id] = message
    return merged
