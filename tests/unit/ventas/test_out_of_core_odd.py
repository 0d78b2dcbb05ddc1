"""Odd folders, odd columns, odd beginnings: cleaning on disk still gives what cleaning in memory gives."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from test_out_of_core import ON_DISK, TODAY, alike

from ventas.ingest import ingest
from ventas.out_of_core import blocks, text
from ventas.settings import Settings

HEADER = "Fecha;Promociones;Festivo;Ventas"


def shop_rows(days: int, cells: Sequence[str]) -> list[str]:
    """A row for each day and each of the cells that stand in further columns."""
    dates = [date(2023, 1, 1) + timedelta(day) for day in range(days)]
    return [
        f"{day};{number % 2};0;{100 + number};{cell}" for day in dates for number, cell in enumerate(cells)
    ]


def csv_of(header: str, rows: Sequence[str]) -> bytes:
    """A file."""
    return "\n".join([header, *rows, ""]).encode()


TWICE = csv_of(f"{HEADER};Tienda", ["x;0;0;1;norte", *shop_rows(20, ["norte", "sur"]) * 2])


@pytest.mark.parametrize("name", ["day=5", "rn=1", "sales=x", "c0=3", "it's", "a b ñ"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    alike(TWICE, folder, MAX_REJECTED_SHARE=0.9, MAX_TRAINING_ROWS=20)


@pytest.mark.parametrize(("name", "other"), [("a*b", "axb"), ("a?b", "axb"), ("a[x]b", "axb")])
def test_a_folder_that_looks_like_a_pattern_is_that_folder_alone(
    name: str, other: str, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, OUT_OF_CORE_BYTES=ON_DISK, MAX_REJECTED_SHARE=0.9)  # type: ignore[call-arg]
    kept = []
    for folder in (tmp_path / other, tmp_path / name):
        folder.mkdir()
        (folder / "upload").write_bytes(TWICE)
        kept.append(ingest(folder / "upload", settings, TODAY).report["rows_kept"])
    assert kept == [40, 40]


def test_a_file_is_cleaned_twice_in_one_folder_and_the_first_answer_stays(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, OUT_OF_CORE_BYTES=ON_DISK, MAX_REJECTED_SHARE=0.9, MAX_TRAINING_ROWS=20
    )  # type: ignore[call-arg]
    (tmp_path / "upload").write_bytes(TWICE)
    first, second = (ingest(tmp_path / "upload", settings, TODAY) for _ in range(2))
    assert b"".join(first.older_parts()) == b"".join(second.older_parts()) != b""
    assert b"".join(first.rejected_parts()) == b"".join(second.rejected_parts())


@pytest.mark.parametrize("flags", [("0", "1"), ("s", "n")])
def test_a_flag_that_is_left_out_may_be_half_of_a_key(flags: tuple[str, str], tmp_path: Path) -> None:
    cells = [f"{store};{flag}" for store in (5, 6, 7) for flag in flags]
    alike(csv_of(f"{HEADER};S;P", shop_rows(60, cells)), tmp_path, LEFT_OUT_COLUMNS=["P"])


PLAIN = csv_of(HEADER, shop_rows(20, ["", ""]))
ACCENTS = f"{HEADER};Año\n".encode() + csv_of(
    "", [*shop_rows(60, ["cafe"]), "2023-05-01;0;0;1;café"]
).decode().encode("cp1252")


@pytest.mark.parametrize(
    "data",
    [
        b"\n ;;\n" * 300 + PLAIN,
        b"\n" * 300 + b"sep=;\n" + b" ;; \n" * 300 + csv_of(HEADER, shop_rows(20, ["a"])).replace(b";a", b""),
        b"sep=;\n" + b"\n" * 900,
        b" ;;\n" * 900,
        b"\n" * 900 + ACCENTS,
        ACCENTS.replace(b"\n", b"\r"),
        b"\n" * 900 + b"Fecha;" + b"x" * 70_000 + b"\n" + PLAIN,
    ],
    ids=["blank", "sep", "sep-alone", "blank-alone", "half-utf8", "half-utf8-cr", "too-long"],
)
def test_a_header_below_many_empty_lines_is_found(
    data: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    monkeypatch.setattr(text, "_CHUNK_BYTES", 301)
    alike(data, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        csv_of(
            f"{HEADER};Tienda;Nota",
            [row for one in shop_rows(40, ["a"]) for row in (f"{one};", f"{one};  ")],
        ),
        csv_of(f"{HEADER};Nota", shop_rows(40, ["", "  "])),
        csv_of(HEADER, [*(row[:10] + ";x" + row[12:-1] for row in shop_rows(40, [""])), " ; ; ; "]),
    ],
    ids=["equal-but-for-blanks", "blanks-are-no-series", "blank-row-below-marks"],
)
def test_blanks_mean_nothing(data: bytes, tmp_path: Path) -> None:
    alike(data, tmp_path, MAX_REJECTED_SHARE=0.9)
