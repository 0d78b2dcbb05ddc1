"""A model card as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Card = Mapping[str, Any]


def markdown(card: Card) -> str:
    """The card for people, from what its JSON holds."""
    parts = [
        ["# Model card"],
        _verdict(card.get("verdict")),
        ["## Errors", *_errors(card["errors"])],
        ["## Data", *_data(card)],
        ["## Search", *_search(card["search"])],
        [
            "## Segments",
            "Errors of the judged fit on the test rows, before any comparison.",
            *_segments(card["segments"]),
        ],
        [
            "## Importance",
            "Growth of RMSE when a column's values are shuffled.",
            *_pairs("column", card["importance"]),
        ],
        ["## Settings", *_pairs("setting", card["settings"])],
    ]
    return "\n\n".join("\n\n".join(part) for part in parts if part) + "\n"


def _verdict(verdict: Card | None) -> list[str]:
    if not verdict:
        return ["## Verdict", "Not judged yet."]
    facts = {
        "promoted": "held for approval" if verdict.get("held") else verdict["promoted"],
        "kind": verdict["kind"],
        "rule": verdict.get("rule"),
        "rows": verdict.get("rows"),
        "dates": verdict.get("dates"),
        "challenger RMSE": verdict.get("challenger_rmse"),
        "champion RMSE": verdict.get("champion_rmse"),
        **{f"{name} RMSE": error for name, error in (verdict.get("baselines") or {}).items()},
        "evidence": verdict.get("evidence"),
        "probability of a lower error": verdict.get("probability"),
        "95 % interval of the MSE difference": _interval(verdict),
        "Diebold-Mariano p": verdict.get("dm_p_value"),
        "worst segment": _worst(verdict.get("worst_segment")),
    }
    told = {name: value for name, value in facts.items() if value is not None}
    lines = ["## Verdict", _cell(verdict["reason"]), *_pairs("", told)]
    if verdict.get("champion_rmse") is not None:
        lines += ["### Segments against the champion", *_segments(verdict.get("segments") or [])]
    return lines


def _interval(verdict: Card) -> str | None:
    low, high = verdict.get("difference_low"), verdict.get("difference_high")
    return None if low is None or high is None else f"{_figure(low)} to {_figure(high)}"


def _worst(segment: Card | None) -> str | None:
    if not segment or segment.get("change") is None:
        return None
    return f"{segment['segment']}={segment['value']}: {segment['change']:+.1%} on {segment['rows']} rows"


def _errors(errors: Card) -> list[str]:
    tables = {f"{name} (test RMSE)": error for name, error in errors["baselines"].items()}
    own = {
        "test RMSE": errors["test_rmse"],
        "test R²": errors["test_r2"],
        "cross-validated RMSE": errors["cv_rmse"],
    }
    inside = {}
    if errors.get("test_coverage") is not None:
        inside = {
            f"share of test rows in an interval for {errors['interval_coverage']:.0%}": errors[
                "test_coverage"
            ]
        }
    return _pairs("error", own | tables | inside)


def _data(card: Card) -> list[str]:
    names = ("rows", "first", "last", "dates", "series", "rows_closed")
    rows = [[part, *(card["data"][part][name] for name in names)] for part in ("train", "test")]
    digests = [f"{name}: `{digest}`" for name, digest in card["digest"].items()]
    return [_table(["part", *names], rows), *_pairs("column", card["columns"]), "\n".join(digests)]


def _search(search: Card) -> list[str]:
    chosen = f"{search['candidates']} candidates were tried; chosen was one of family {search['family']}."
    stopped = (
        "The clock ended the search: the same upload may be searched otherwise." if search["stopped"] else ""
    )
    notes = [_cell(note) for note in (chosen, search["table_note"], stopped) if note]
    lines = [*notes, *_pairs("parameter", search["chosen"])]
    board = search["leaderboard"]
    if board:
        names = list(dict.fromkeys(name for entry in board for name in entry))
        lines.append(_table(names, [[entry.get(name) for name in names] for entry in board]))
    return lines


def _segments(segments: Sequence[Card]) -> list[str]:
    names = ("segment", "value", "rows", "challenger_rmse", "champion_rmse", "change")
    shown = [name for name in names if any(entry.get(name) is not None for entry in segments)]
    return [_table(shown, [[entry.get(name) for name in shown] for entry in segments])] if segments else []


def _pairs(head: str, values: Card) -> list[str]:
    return [_table([head, "value"], [[name, value] for name, value in values.items()])] if values else []


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def lines() -> Iterator[Sequence[Any]]:
        yield head
        yield ["---"] * len(head)
        yield from rows

    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines())


def _cell(value: Any) -> str:
    """A value that breaks neither row nor table, whatever a file's columns are called."""
    text = _figure(value) if isinstance(value, float) else "" if value is None else str(value)
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _figure(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 10 else f"{value:,.2f}"
