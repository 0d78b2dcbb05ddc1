"""A Markdown document taken apart: its sections, and what each holds that no translation changes."""

import re
from dataclasses import dataclass, field

FENCE = "```"
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MERMAID_LABEL = re.compile(r"\|[^|]*\||[\[({].*[\])}]|-\. .* \.->")


@dataclass
class Section:
    """What a section holds beside its prose, in the order in which it stands there."""

    level: int
    title: str
    blocks: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def parts(self) -> dict[str, list[str]]:
        """Its parts that are the same in every language, by what they are called in a fault."""
        text = "\n".join(self.lines)
        return {
            "code block": self.blocks,
            "row": [first_cell(line) for line in self.lines if line.startswith("|")],
            "item": [mark[0] for mark in re.finditer(r"^(?:-|\d+\.)(?= )", text, re.MULTILINE)],
            "name": sorted({" ".join(name.split()) for name in CODE.findall(text)}),
            "link": LINK.findall(text),
        }


def anchor(title: str) -> str:
    """The link to a heading within its document, as common renderers make it."""
    return "#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def first_cell(row: str) -> str:
    """What stays of a row's first cell in another language: code and names of pages; nothing if it has none."""
    return " ".join(re.findall(r"`[^`]+`|\*[^*]+\*", row.split("|")[1]))


def without_comments(language: str, lines: list[str]) -> str:
    """A code block without what may be translated: comments of a shell, labels of a drawing."""
    if language == "sh":
        lines = [re.sub(r"(^|\s+)# .*", "", line) for line in lines]
    if language == "mermaid":
        lines = [MERMAID_LABEL.sub("", line) for line in lines]
    return "\n".join([language, *(line for line in lines if line)])


def sections(text: str) -> list[Section]:
    """The sections of a README, in order."""
    found: list[Section] = []
    block: list[str] | None = None
    for line in text.splitlines():
        if line.startswith(FENCE) and block is None:
            block, language = [], line.removeprefix(FENCE)
        elif line.startswith(FENCE) and block is not None:
            found[-1].blocks.append(without_comments(language, block))
            block = None
        elif block is not None:
            block.append(line)
        elif heading := re.match(r"(#+) (.+)", line):
            found.append(Section(len(heading[1]), heading[2]))
        else:
            found[-1].lines.append(line)
    return found
