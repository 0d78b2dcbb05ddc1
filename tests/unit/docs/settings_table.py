"""The settings as the READMEs and .env.example show them; run as a program, this file writes all of them anew."""

import json
from pathlib import Path
from typing import Any

from ventas.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


def shown(default: Any) -> str:
    """A default as one would write it in the environment."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return json.dumps(default) if isinstance(default, list) else str(default)


def readme_table() -> str:
    """The table of README.md and README.es.md, a line for each setting."""
    rows = [
        f"| `{name}` | {f'`{shown(field.default)}`' if shown(field.default) else 'empty'} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| Name | Default | What it does |", "|---|---|---|", *rows])


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
    for name in ("README.md", "README.es.md"):
        rewrite(ROOT / name, BEGIN, END, readme_table())
    rewrite(ROOT / ".env.example", f"# {BEGIN}", f"# {END}", env_lines())
