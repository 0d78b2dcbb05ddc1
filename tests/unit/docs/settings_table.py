"""The settings as the two READMEs and .env.example show them; run as a program, this file writes all three anew.

Spanish descriptions are in `settings_es.po`, each under its setting and the English that it translates. The program
adds what is new or changed there without a translation; until somebody writes one, the Spanish table has the English.
"""

import json
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from ventas.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
WRITE_ANEW = "run: .venv/bin/python tests/unit/docs/settings_table.py"
SPANISH = Path(__file__).with_name("settings_es.po")


@dataclass(frozen=True)
class Words:
    """What the table says in one language beside the settings themselves."""

    head: str
    empty: str


TABLE_EN = Words("| Name | Default | What it does |", "empty")
TABLE_ES = Words("| Nombre | Por defecto | Qué hace |", "vacío")


def shown(default: Any) -> str:
    """A default as one would write it in the environment."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return json.dumps(default) if isinstance(default, list) else str(default)


def english() -> dict[str, str]:
    """The description of each setting, by its name."""
    return {name: field.description or "" for name, field in Settings.model_fields.items()}


@cache
def spanish() -> dict[str, str]:
    """The Spanish description of each setting whose English is still the one that was translated."""
    with SPANISH.open("rb") as file:
        translated = {
            (message.context, message.id): message.string for message in read_po(file) if message.id
        }
    found = {name: str(translated.get((name, text)) or "") for name, text in english().items()}
    return {name: text for name, text in found.items() if text}


def spanish_file() -> str:
    """`settings_es.po` with every setting of now and no other, in order; no text where a translation is due."""
    catalogue = Catalog()
    for name, text in english().items():
        catalogue.add(text, spanish().get(name, ""), context=name)
    written = BytesIO()
    write_po(written, catalogue, width=0, omit_header=True)
    return written.getvalue().decode()


def readme_table(words: Words, descriptions: dict[str, str]) -> str:
    """The table of a README, a line for each setting."""
    defaults = {name: shown(field.default) for name, field in Settings.model_fields.items()}
    rows = [
        f"| `{name}` | {f'`{default}`' if default else words.empty} | {descriptions[name]} |"
        for name, default in defaults.items()
    ]
    return "\n".join([words.head, "|---|---|---|", *rows])


def readme_tables() -> dict[str, str]:
    """The table of each README, by the file's name."""
    return {
        "README.md": readme_table(TABLE_EN, english()),
        "README.es.md": readme_table(TABLE_ES, english() | spanish()),
    }


def env_lines() -> str:
    """The settings' part of .env.example: each with its default, commented out."""
    return "\n".join(
        f"# {field.description}\n#{name}={shown(field.default)}"
        for name, field in Settings.model_fields.items()
    )


def between(text: str, begin: str, end: str) -> str:
    """What stands between two marks, without the line ends beside them."""
    return text.split(begin, 1)[1].split(end, 1)[0].strip("\n")


def rewrite(path: Path, begin: str, end: str, content: str) -> None:
    """Put `content` between the two marks of a file."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(begin, 1)
    path.write_text(f"{before}{begin}\n{content}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    for readme, table in readme_tables().items():
        rewrite(ROOT / readme, BEGIN, END, table)
    rewrite(ROOT / ".env.example", f"# {BEGIN}", f"# {END}", env_lines())
    SPANISH.write_text(spanish_file(), encoding="utf-8")
