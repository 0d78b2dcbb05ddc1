"""The model card as files of a version: JSON for programs, Markdown for people.

It is written in two moves: at training all but the verdict; once that is committed, the verdict is added.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ventas.card_text import markdown
from ventas.registry import ModelVersion, Registry
from ventas.verdict import finite

log = structlog.get_logger()

CARD_JSON, CARD_MARKDOWN = "card/model_card.json", "card/model_card.md"


def card_files(card: Mapping[str, Any]) -> dict[str, str]:
    """The card's two files by the name of their artifact."""
    as_json = json.dumps(finite(dict(card)), ensure_ascii=False, indent=2, default=str)
    return {CARD_JSON: as_json, CARD_MARKDOWN: markdown(json.loads(as_json))}


def add_verdict(registry: Registry, version: ModelVersion, verdict: Mapping[str, Any], folder: Path) -> None:
    """Write the verdict into a version's card, by way of `folder`; a card that cannot be had is only logged."""
    try:
        card = json.loads(registry.download(version, CARD_JSON, folder).read_text("utf-8"))
        for name, text in card_files(card | {"verdict": dict(verdict)}).items():
            registry.log_text(version, text, name)
    except Exception as error:  # noqa: BLE001 - the verdict is committed, and must stand whatever a card is like
        log.warning("verdict_not_on_card", version=version.version, reason=f"{type(error).__name__}: {error}")
