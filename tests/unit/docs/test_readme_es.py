"""README.es.md has what README.md has: sections, commands, rows of tables, names in code, links.

Prose is compared by what no translation changes. Whoever adds something to one is told what the other lacks.
"""

from collections import Counter

import pytest
from document_parts import Section, anchor, sections
from settings_table import ROOT, WRITE_ANEW, english, spanish, spanish_file
from settings_table import SPANISH as CATALOGUE

ENGLISH, SPANISH = "README.md", "README.es.md"
SECTIONS = {
    "ventas": "ventas",
    "For the sales team": "Para el equipo de ventas",
    "What the file must look like": "Cómo tiene que ser el archivo",
    "How to drop it": "Cómo subirlo",
    "A forecast for a list of days": "Un pronóstico para una lista de días",
    "The dashboard": "El tablero",
    "What happens to a bad file": "Qué pasa con un archivo malo",
    "For the data scientist": "Para el científico de datos",
    "How a champion is chosen": "Cómo se elige al campeón",
    "The API": "La API",
    "States of a run": "Estados de una ejecución",
    "For the operator": "Para el operador",
    "Commands": "Comandos",
    "Chaos": "Caos",
    "MinIO": "MinIO",
    "Settings": "Ajustes",
    "Troubleshooting": "Problemas y soluciones",
}
# What a link of either README leads to, in the words of README.md.
SAME_TARGET = {anchor(theirs): anchor(ours) for ours, theirs in SECTIONS.items()}
OTHER_README = {ENGLISH: "the other README", SPANISH: "the other README"}


def parts(section: Section) -> dict[str, list[str]]:
    """A section's parts with links that are the same in both languages."""
    found = section.parts()
    return found | {"link": [(SAME_TARGET | OTHER_README).get(link, link) for link in found["link"]]}


def lacking(there: dict[str, list[str]], here: dict[str, list[str]]) -> list[str]:
    """Which parts stand there and not here, each with its kind."""
    return [
        f"lacks the {kind} «{part}»"
        for kind, known in there.items()
        for part in (Counter(known) - Counter(here[kind])).elements()
    ]


def faults_between(ours: Section, theirs: Section) -> list[str]:
    """What either of two sections lacks that the other has, and what is in another order."""
    one, other = parts(ours), parts(theirs)
    absent = [f"{SPANISH}, «{theirs.title}»: {fault}" for fault in lacking(one, other)]
    absent += [f"{ENGLISH}, «{ours.title}»: {fault}" for fault in lacking(other, one)]
    if ours.level != theirs.level:
        absent.append(f"{SPANISH}, «{theirs.title}»: is of level {theirs.level}, not {ours.level}")
    if not absent and any(one[kind] != other[kind] for kind in ("code block", "row")):
        absent.append(f"{SPANISH}, «{theirs.title}»: has its rows or code blocks in another order")
    return absent


def faults_of(readme: str, readme_es: str) -> list[str]:
    """Every difference between the two texts that is none of language."""
    ours, theirs = sections(readme), sections(readme_es)
    titles = [section.title for section in theirs]
    wanted = [SECTIONS.get(section.title, section.title) for section in ours]
    faults = [f"SECTIONS: has no pair for «{one.title}»" for one in ours if one.title not in SECTIONS]
    faults += [f"{SPANISH}: lacks the section «{title}»" for title in wanted if title not in titles]
    faults += [
        f"{ENGLISH}: lacks the section that SECTIONS calls «{title}»"
        for title in titles
        if title not in wanted
    ]
    if not faults and wanted != titles:
        faults = [f"{SPANISH}: has its sections in another order, {titles}"]
    pairs = zip(ours, theirs, strict=True) if not faults else ()
    return faults + [fault for one, other in pairs for fault in faults_between(one, other)]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_both_readmes_have_the_same() -> None:
    faults = faults_of(read(ENGLISH), read(SPANISH))
    assert not faults, "\n".join(faults)


def test_each_readme_leads_to_the_other() -> None:
    assert f"({SPANISH})" in read(ENGLISH).partition("\n## ")[0]
    assert f"({ENGLISH})" in read(SPANISH).partition("\n## ")[0]


@pytest.mark.parametrize(
    ("begin", "fault"),
    [
        ("| `make lock` |", "README.es.md, «Comandos»: lacks the row «`make lock`»"),
        ("| `completed` |", "README.es.md, «Estados de una ejecución»: lacks the row «`completed`»"),
        ("| `GET /actuals` |", "README.es.md, «La API»: lacks the row «`GET /actuals`»"),
        ("| `SEED` |", "README.es.md, «Ajustes»: lacks the row «`SEED`»"),
        ("9. ", "README.es.md, «Cómo se elige al campeón»: lacks the item «9.»"),
        ("### Caos", "README.es.md: lacks the section «Caos»"),
        ("- [Para el operador]", "README.es.md, «ventas»: lacks the link «#for-the-operator»"),
    ],
)
def test_a_line_that_is_left_out_is_named(begin: str, fault: str) -> None:
    lines = read(SPANISH).splitlines()
    shorter = [line for line in lines if not line.startswith(begin)]
    assert len(shorter) == len(lines) - 1
    assert fault in faults_of(read(ENGLISH), "\n".join(shorter))


def test_a_command_that_differs_is_named_and_a_comment_is_not() -> None:
    changed = read(SPANISH).replace("make up      # arranca todo", "make start   # arranca todo")
    assert [fault.split("«")[:2] for fault in faults_of(read(ENGLISH), changed)] == [
        ["README.es.md, ", "ventas»: lacks the code block "],
        ["README.md, ", "ventas»: lacks the code block "],
    ]


def test_every_setting_is_described_in_spanish() -> None:
    untold = [f"{name}: {text}" for name, text in english().items() if name not in spanish()]
    assert not untold, f"{CATALOGUE.name} has no Spanish for:\n" + "\n".join(untold)
    assert CATALOGUE.read_text(encoding="utf-8") == spanish_file(), WRITE_ANEW
