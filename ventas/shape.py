"""What a champion knows and a new file has nothing of: columns and series, by the quality reports of both."""

from typing import Any

from ventas.contract import CONTRACT_COLUMNS, normalised, shown
from ventas.quality import Report
from ventas.remarks import Remark, remark


def lost(version: int, known: Report, found: Report) -> list[Remark]:
    """What a model of a file with report `found` would not know any more that `version`, made of `known`, does."""
    kept = {normalised(name) for name in _read_by_models(found)}
    gone = [name for name in _read_by_models(known) if normalised(name) not in kept]
    remarks = []
    if gone:
        remarks.append(remark("columns_gone", version=version, columns=", ".join(map(shown, gone))))
    before, now = (int(report.get("series_count") or 0) for report in (known, found))
    if now < before and known.get("series") not in ("", None, *gone):
        remarks.append(remark("series_fewer", version=version, known=before, found=now))
    return remarks


def _read_by_models(report: Report) -> list[str]:
    columns: list[dict[str, Any]] = report.get("columns") or []
    return [
        str(column["name"])
        for column in columns
        if column["role"] != "left_out" and column["name"] not in CONTRACT_COLUMNS
    ]
