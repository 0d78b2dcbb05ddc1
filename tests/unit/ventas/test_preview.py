"""What the first bytes of a file tell: as the pipeline would say of the whole, and never more than can be known."""

import gzip
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ventas.contract import Kind
from ventas.preview import FIRST_ROWS, HEAD_BYTES, Preview, Verdict, preview
from ventas.sample import generate
from ventas.settings import Settings

SETTINGS = Settings(_env_file=None)
SALES = generate(5000, seed=1).to_csv(index=False, sep=";").encode()
HEADER = b"Fecha,Promociones,Festivo,Ventas\n"


def look(content: bytes, kind: Kind = Kind.SALES, size: int | None = None, **changes: Any) -> Preview:
    """The preview of a file with this content, of whose size more may be told than is here."""
    told = len(content) if size is None else size
    return preview(content[:HEAD_BYTES], told, kind, SETTINGS.model_copy(update=changes))


def code(found: Preview) -> str | None:
    return (found.report.get("rejection") or {}).get("code")


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (SALES, ("utf-8", False)),
        (SALES.decode().encode("utf-16"), ("utf-16", False)),
        (SALES.decode().encode("cp1252"), ("cp1252", False)),
        (b"\xef\xbb\xbf" + SALES.replace(b"\n", b"\r\n"), ("utf-8-sig", False)),
        (SALES.replace(b"\n", b"\r"), ("utf-8", False)),
        (gzip.compress(SALES), ("utf-8", True)),
    ],
)
def test_a_good_file_is_good_whatever_it_is_written_in_though_its_last_row_is_cut(
    content: bytes, dialect: tuple[str, bool]
) -> None:
    found = look(content)
    assert (found.verdict, found.complete) == (Verdict.GOOD, False)
    assert (found.report["dialect"]["encoding"], found.report["dialect"]["gzip"]) == dialect
    assert found.report["dialect"]["delimiter"] == ";"
    assert found.report["rows_rejected"] == 0
    assert [column["role"] for column in found.columns] == [
        "date",
        "weekday",
        "promotion",
        "holiday",
        "target",
    ]
    assert len(found.rows) == FIRST_ROWS
    assert found.rows[0][0] == "2021-01-01"


def test_a_whole_file_is_judged_as_the_pipeline_judges_it() -> None:
    few = HEADER + b"2024-01-01,0,0,3\n"
    assert (look(few).verdict, code(look(few))) == (Verdict.BAD, "too_few_rows")
    assert look(few, size=10**6).verdict is Verdict.GOOD, "more rows may follow"
    whole = SALES[:20_000].rpartition(b"\n")[0]
    assert (look(whole).verdict, look(whole).complete) == (Verdict.GOOD, True)
    assert code(look(b"")) == "empty_file"
    assert code(look(gzip.compress(whole)[:-9])) == "bad_gzip"


def test_a_file_that_lacks_a_column_is_bad_and_shows_what_it_has() -> None:
    found = look(SALES.replace(b"Festivo", b"Feriado"))
    assert (found.verdict, code(found)) == (Verdict.BAD, "missing_column")
    assert found.report["rejection"]["details"]["missing"] == ["Festivo"]
    assert {"name": "Feriado", "role": None} in found.columns
    assert found.rows


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"PK\x03\x04" + b"x" * HEAD_BYTES, "binary"),
        (bytes(range(256)) * 300, "binary"),
        (gzip.compress(gzip.compress(SALES)), "binary"),
        (b"\x1f\x8b" + b"x" * HEAD_BYTES, "bad_gzip"),
        (SALES.replace(b"Fecha", "Fecha;Tamaño".encode()).replace(b";0;", b";\xf1;0;", 3), "encoding"),
        (SALES.replace(b"2021-01-02", b'"2021-01-02', 1), "quotes"),
        (SALES.replace(b"Ventas", b"Ventas;ventas"), "duplicate_column"),
    ],
)
def test_what_is_no_such_table_is_bad_for_its_reason(content: bytes, wanted: str) -> None:
    found = look(content)
    assert (found.verdict, code(found)) == (Verdict.BAD, wanted)


def test_many_bad_rows_make_a_cut_file_doubtful_and_a_whole_one_bad() -> None:
    rows = b"".join(
        b"%s,0,0,1\n" % (b"2024-02-30" if n % 2 else b"2024-01-%02d" % (n % 28 + 1)) for n in range(56)
    )
    assert look(HEADER + rows, size=10**6).verdict is Verdict.DOUBTFUL
    found = look(HEADER + rows)
    assert (found.verdict, found.report["dropped"]["date_unreadable"]) == (Verdict.BAD, 28)
    assert found.report["dropped_lines"]["date_unreadable"][0] == 3


def test_a_row_with_line_ends_in_quotation_marks_is_cut_before_it_begins() -> None:
    row = b'2024-01-01,0,0,1,"first line\nsecond line"\n'
    begun = b'2024-01-02,0,0,1,"first line\n'
    content = HEADER.replace(b"\n", b",Nota\n") + row + begun
    assert look(content, size=10**6).report["rows_in"] == 1
    assert look(content, size=10**6).verdict is Verdict.GOOD


def test_a_forecast_file_needs_no_sales() -> None:
    days = b"Fecha,Promociones,Festivo\n2026-12-01,0,0\n"
    assert look(days, Kind.FORECAST).verdict is Verdict.GOOD
    assert code(look(days)) == "missing_column"
    assert code(look(b"Fecha,Ventas\n2026-12-01,3\n", Kind.FORECAST)) == "missing_forecast_column"


def test_a_file_larger_than_is_read_is_bad_though_its_rows_are_good() -> None:
    found = look(SALES, size=2000, MAX_UPLOAD_BYTES=1999)
    assert (found.verdict, code(found)) == (Verdict.BAD, "too_large")


def test_where_the_head_holds_no_whole_row_nothing_is_claimed() -> None:
    found = look(b"a" * (2 * HEAD_BYTES))
    assert (found.verdict, code(found)) == (Verdict.UNKNOWN, None)
    assert look(HEADER + b"x" * HEAD_BYTES, size=10**6).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "cell", [b" ", b'""', b"1", b"$", b"$ ", b"-", b"1.", b"1,1", b"2024-01-01 ", b"\xc3\xb1"]
)
def test_absurd_cells_are_read_in_no_time(cell: bytes) -> None:
    long = cell * (60_000 // len(cell))
    began = time.monotonic()
    look(HEADER + b'2024-01-01,0,0,"%s"\n' % long)
    look(HEADER + b'2024-01-01,0,0,1,"%sx"\n"%sx",0,0,1\n' % (long[:30_000], long[:30_000]))
    assert time.monotonic() - began < 5


ALPHABET = st.sampled_from(
    [*b'Fecha,;\t"\r\n 0123-/.x', 0, 0xFF, 0xFE, 0xEF, 0xBB, 0xBF, 0x1F, 0x8B, 0xC3, 0xB1]
)
ANY_HEAD = st.one_of(
    st.binary(max_size=300),
    st.lists(ALPHABET, max_size=300).map(bytes),
    st.tuples(st.integers(0, 2000), st.binary(max_size=20)).map(lambda one: SALES[: one[0]] + one[1]),
    st.tuples(st.integers(0, 400), st.binary(max_size=20)).map(
        lambda one: gzip.compress(SALES[:2000])[: one[0]] + one[1]
    ),
)


@hypothesis_settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(head=ANY_HEAD, more=st.integers(0, 1), kind=st.sampled_from(Kind))
def test_any_bytes_give_an_answer(head: bytes, more: int, kind: Kind) -> None:
    found = look(head, kind, size=len(head) + more)
    assert (found.verdict in (Verdict.BAD, Verdict.DOUBTFUL)) == (code(found) is not None)
    assert all(len(row) == len(found.columns) for row in found.rows)
