"""How a finished run is told: its verdict, what was found in the file, and why it was rejected."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from ventas.cli.output import figure, plain
from ventas.contract import COUNTS_FROM_ROWS
from ventas.settings import UPLOADS_BUCKET

EXAMPLES = 8
_EVIDENCE = {
    "win": "evidence: win",
    "undecided": "evidence: undecided (within the noise)",
    "loss": "evidence: loss",
}
_BASELINES = {"means": "table of means", "seasonal_naive": "seasonal naive"}
_DELIMITERS = {"\t": "tab"}


def print_outcome(console: Console, run: Mapping[str, Any]) -> None:
    """All that is worth saying of a run that has ended."""
    quality = run.get("quality") or {}
    if run["status"] == "rejected":
        _print_rejection(console, run, quality)
    elif run["status"] in ("promoted", "not_promoted"):
        _print_verdict(console, run)
    elif run["status"] == "completed":
        _print_answer(console, run, quality)
    else:
        _headline(
            console, "dim" if run["status"] != "failed" else "bold red", str(run["status"]).capitalize()
        )
        _line(console, run.get("reason"))
    print_quality(console, quality)


def _print_verdict(console: Console, run: Mapping[str, Any]) -> None:
    verdict = run.get("verdict") or {}
    challenger, champion = verdict.get("challenger_version"), verdict.get("champion_version")
    if run["status"] == "promoted":
        version = challenger or run.get("model_version")
        _headline(console, "bold green", f"Version {version} is the champion now.")
    elif verdict.get("held"):
        _headline(console, "bold yellow", f"Version {challenger} waits for approval.")
    else:
        headline = f"Version {champion} stays champion." if champion else "The champion stays."
        _headline(console, "bold yellow", headline)
    _line(console, verdict.get("reason") or run.get("reason"))
    if verdict.get("challenger_rmse") is not None:
        for told in (_figures(verdict), _baselines(verdict), _worst_segment(verdict)):
            _line(console, told, "dim")


def _figures(verdict: Mapping[str, Any]) -> str:
    """Both errors (RMSE, in units of sales) on the same rows, in one line."""
    challenger = f"challenger {_version(verdict['challenger_version'])} {figure(verdict['challenger_rmse'])}"
    parts = [f"RMSE: {challenger}"]
    if verdict.get("champion_rmse") is not None:
        parts.append(f"champion {_version(verdict['champion_version'])} {figure(verdict['champion_rmse'])}")
    parts.append(f"on {verdict.get('rows', 0):,} rows of {verdict.get('dates', 0):,} dates")
    if verdict.get("evidence"):
        parts.append(_EVIDENCE.get(verdict["evidence"], verdict["evidence"]))
    if verdict.get("probability") is not None:
        parts.append(f"better with probability {verdict['probability']:.0%}")
    return "; ".join(parts)


def _baselines(verdict: Mapping[str, Any]) -> str:
    """The tables' errors on the same rows; empty where there are none."""
    known = verdict.get("baselines") or {}
    told = ", ".join(f"{_BASELINES.get(name, name)} {figure(error)}" for name, error in known.items())
    return f"baselines: {told}" if told else ""


def _worst_segment(verdict: Mapping[str, Any]) -> str:
    """Where the challenger is worse than the champion by most; empty where it is so nowhere."""
    worst = verdict.get("worst_segment") or {}
    if not worst or (worst.get("change") or 0) <= 0:
        return ""
    counted = verdict.get("series_compared")
    series = f"; worse in {verdict['series_worse']:,} of {counted:,} series" if counted else ""
    return (
        f"worst segment of {COUNTS_FROM_ROWS} rows or more: {worst['segment']}={worst['value']},"
        f" RMSE {worst['change']:+.1%}"
        f" ({figure(worst['challenger_rmse'])} against {figure(worst['champion_rmse'])}){series}"
    )


def _version(number: int | None) -> str:
    return "" if number is None else f"v{number}"


def _print_rejection(console: Console, run: Mapping[str, Any], quality: Mapping[str, Any]) -> None:
    refusal = quality.get("rejection") or {}
    _headline(console, "bold red", "Rejected: the file breaks the data contract.")
    _line(console, run.get("reason") or refusal.get("message"))
    report = f"informes/{run['id']}.md"
    _line(console, f"The full report, in Spanish, is in bucket {UPLOADS_BUCKET} under {report}", "dim")


def _print_answer(console: Console, run: Mapping[str, Any], quality: Mapping[str, Any]) -> None:
    rows = f"{quality.get('rows_kept', 0):,} rows by version {run.get('model_version')}"
    _headline(console, "bold green", f"Forecast: {rows}.")
    _line(console, f"The answer is in bucket {UPLOADS_BUCKET} under {run.get('answer')}")
    if quality.get("rows_rejected"):
        report = f"informes/{run['id']}.csv"
        _line(
            console,
            f"The rows that could not be forecast are in bucket {UPLOADS_BUCKET} under {report}",
            "yellow",
        )


def print_quality(console: Console, quality: Mapping[str, Any]) -> None:
    """The quality report in a few lines: rows, dialect, dates, series, warnings and examples of bad rows."""
    if not quality.get("rows_in") and not quality.get("warnings"):
        return
    _fact(console, "rows", _rows(quality))
    _fact(console, "file", _dialect(quality.get("dialect") or {}))
    _fact(console, "dates", _dates(quality.get("dates") or {}))
    if quality.get("series"):
        _fact(console, "series", f"{quality['series_count']:,}, told apart by {quality['series']}")
    if quality.get("open"):
        _fact(console, "closed", f"{quality['closed_rows']:,} rows, where {quality['open']} is 0")
    for warning in quality.get("warnings") or []:
        _fact(console, "warning", warning, "yellow")
    examples = quality.get("rejected_examples") or []
    for example in examples[:EXAMPLES]:
        _fact(console, f"line {example['line']}", example["reason"], "red")
    more = quality.get("rows_rejected", 0) - len(examples[:EXAMPLES])
    if examples and more > 0:
        _fact(console, "", f"and {more:,} more", "dim")


def _rows(quality: Mapping[str, Any]) -> str:
    rejected = quality.get("rows_rejected", 0)
    share = f" ({quality['rejected_share']:.1%})" if rejected and quality.get("rejected_share") else ""
    return f"{quality.get('rows_in', 0):,} read, {quality.get('rows_kept', 0):,} kept, {rejected:,} rejected{share}"


def _dialect(dialect: Mapping[str, Any]) -> str:
    if not dialect.get("encoding"):
        return ""
    delimiter = _DELIMITERS.get(dialect.get("delimiter") or "", repr(dialect.get("delimiter")))
    zipped = ", gzip" if dialect.get("gzip") else ""
    # A file that was refused before its numbers were read has no decimal mark.
    decimal = f", decimals by {dialect['decimal']!r}" if dialect.get("decimal") else ""
    return f"{dialect['encoding']}, columns by {delimiter}{decimal}{zipped}"


def _dates(dates: Mapping[str, Any]) -> str:
    if not dates.get("first"):
        return ""
    missing = f", {dates['missing_days']:,} days missing" if dates.get("missing_days") else ""
    return f"{dates['first']} to {dates['last']}{missing}"


def _headline(console: Console, style: str, text: str) -> None:
    console.print()
    console.print(plain(text, style))


def _line(console: Console, text: object, style: str = "") -> None:
    if text:
        console.print(plain(text, style))


def _fact(console: Console, name: str, text: str, style: str = "") -> None:
    if text:
        console.print(Text.assemble("  ", (f"{name:<9} ", "bold"), plain(text, style)))
