"""README.es.md says in Spanish what README.md says: the same sections, commands and table rows."""

import re

import pytest
from settings_table import ROOT

ENGLISH, SPANISH = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.es.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections(text: str) -> list[tuple[str, str]]:
    """Each heading with what stands below it, up to the next one; code is left in."""
    quiet = FENCE.sub(lambda match: match[0].replace("\n#", "\n\\#"), text)
    found = re.split(r"^(#+ .+)$", quiet, flags=re.MULTILINE)
    return [("", found[0]), *zip(found[1::2], found[2::2], strict=True)]


def level(heading: str) -> int:
    return len(heading) - len(heading.lstrip("#"))


def code(text: str) -> list[str]:
    """The code blocks, without the words of their comments."""
    return [re.sub(r"#.*", "#", body) for _, body in FENCE.findall(text)]


def rows(text: str) -> list[str]:
    """The first cells of all table rows that name something in code, such as a command."""
    cells = re.findall(r"^\| (.*?) \|", FENCE.sub("", text), re.MULTILINE)
    return [" ".join(re.findall(r"`[^`]+`", cell)) for cell in cells if "`" in cell]


PAIRS = list(zip(sections(ENGLISH), sections(SPANISH), strict=False))


def test_both_have_the_same_sections() -> None:
    assert [level(one) for one, _ in sections(ENGLISH)] == [level(one) for one, _ in sections(SPANISH)]


@pytest.mark.parametrize(("english", "spanish"), PAIRS, ids=[one[0] or "top" for one, _ in PAIRS])
def test_a_section_has_the_same_commands_rows_and_pictures(
    english: tuple[str, str], spanish: tuple[str, str]
) -> None:
    told = f"{english[0]} / {spanish[0]}"
    assert code(spanish[1]) == code(english[1]), told
    assert rows(spanish[1]) == rows(english[1]), told
    pictures = [re.findall(r"\]\((docs/images/[^)]+)\)", text) for _, text in (english, spanish)]
    assert pictures[0] == pictures[1], told


def test_each_leads_to_the_other() -> None:
    assert "(README.es.md)" in ENGLISH
    assert "(README.md)" in SPANISH


def test_a_row_that_is_left_out_is_noticed() -> None:
    (row,) = re.findall(r"^\| `ventas doctor` .*\n", SPANISH, re.MULTILINE)
    assert rows(SPANISH.replace(row, "")) != rows(ENGLISH)
