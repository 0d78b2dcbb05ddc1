import contextlib
import gzip
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from ventas.errors import RejectedUpload
from ventas.reader import Table, read_table
from ventas.settings import Settings

HEADER = "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas"
TEXT = f"{HEADER}\n2022-01-03,1,0,0,1608\n2022-01-04,2,1,0,2046\n"


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def read(data: bytes | str, **knobs: int) -> Table:
        path = tmp_path / "upload"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_table(path, Settings(_env_file=None, **knobs))  # type: ignore[arg-type,call-arg]

    return read


def texts(table: Table) -> list[list[str]]:
    return table.cells.astype("str").to_numpy().tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_dialect_yields_the_same_cells(read, delimiter, encoding, name, newline, packed) -> None:  # type: ignore[no-untyped-def]
    data = TEXT.replace(",", delimiter).replace("\n", newline).encode(encoding)
    table = read(gzip.compress(data) if packed else data)
    assert list(table.cells) == HEADER.split(",")
    assert texts(table) == [["2022-01-03", "1", "0", "0", "1608"], ["2022-01-04", "2", "1", "0", "2046"]]
    assert (table.encoding, table.delimiter, table.gzip) == (name, delimiter, packed)
    assert table.records.lines.tolist() == [2, 3]


def test_lines_are_physical_lines(read) -> None:  # type: ignore[no-untyped-def]
    table = read('\nsep=;\nFecha;Nota\n1;"a\nb ""c"";"\n\n ; \n2;x;;\n3\n4;y')
    assert table.delimiter == ";"
    assert texts(table) == [["1", 'a\nb "c";'], ["2", "x"], ["4", "y"]]
    assert table.records.lines.tolist() == [4, 8, 10]
    assert (table.ragged.lines.tolist(), table.ragged_counts.tolist()) == ([9], [1])
    assert table.records.raw()[:1] == ['1;"a\nb ""c"";"']
    assert table.blank_lines == 2


def test_too_many_cells_are_kept_aside_and_not_bent(read) -> None:  # type: ignore[no-untyped-def]
    table = read("Fecha,Ventas\n2022-01-01,10,50\n2022-01-02,11\n")
    assert texts(table) == [["2022-01-02", "11"]]
    assert table.ragged.raw()[:1] == ["2022-01-01,10,50"]


def test_nothing_is_taken_for_missing(read) -> None:  # type: ignore[no-untyped-def]
    assert texts(read("a,b,c\nNA,null,\n")) == [["NA", "null", ""]]


@pytest.mark.parametrize("cell", ["007", "1.234", "1e5", "True", "2022-01-01", "NaN", "inf"])
def test_cells_stay_the_text_that_they_are(read, cell) -> None:  # type: ignore[no-untyped-def]
    assert texts(read(f"a,b\n{cell},x\n{cell},y\n")) == [[cell, "x"], [cell, "y"]]


def test_integers_of_a_long_file_may_turn_into_text_far_down(read) -> None:  # type: ignore[no-untyped-def]
    table = read("a,b\n" + "1,7\n" * 30_000 + "x,7\n")
    assert table.cells["a"].astype("str").iloc[-1] == "x"


def _zipped() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ventas.csv", TEXT)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"", "empty_file", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty_file", "empty"),
        (b";;;\n,,\n", "empty_file", "header"),
        (HEADER.encode(), "no_rows", "no rows"),
        (HEADER.encode() + b"\n,,,,\n\n", "no_rows", "no rows"),
        (TEXT.encode() + b"\0", "binary", "binary"),
        (TEXT.encode("utf-16-le"), "binary", "UTF-16"),
        (_zipped(), "binary", "Excel"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "binary", "xls"),
        (gzip.compress(gzip.compress(TEXT.encode())), "binary", "twice"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "bad_gzip", "damaged"),
        (b"\x1f\x8bnonsense", "bad_gzip", "damaged"),
        (TEXT.encode() + b"\xf1,1,1,1,1\n", "encoding", "Line 4"),
        (TEXT.encode("cp1252") + b"\x81", "encoding", "cp1252"),
        (TEXT.encode("utf-16") + b"\x00", "encoding", "utf-16"),
        (b"Fecha,Ventas,VENTAS\n1,2,3\n", "duplicate_column", "Ventas"),
        (b'Fecha,Nota\n1,a\n2,"b\n3,c\n', "quotes", "Line 3"),
        (b'Fecha,Nota\n1,a\n2,5" pipe\n3,7" pipe\n', "quotes", "Line 3"),
        (b'Fecha,"Nota\n1,a\n', "quotes", "Line 1"),
        (b"a" * 70_000 + b"\n1\n", "header", "names only"),
    ],
)
def test_what_cannot_be_a_sales_table_is_refused_with_a_sentence(read, data, code, word) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RejectedUpload) as caught:
        read(data)
    assert caught.value.code == code
    assert word in str(caught.value)
    assert str(caught.value).endswith(".")


def test_too_many_columns_and_too_many_bytes(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RejectedUpload, match="6 columns") as caught:
        read("a,b,c,d,e,f\n1,2,3,4,5,6\n", MAX_COLUMNS=5)
    assert caught.value.code == "too_many_columns"
    with pytest.raises(RejectedUpload, match=r"1,024 bytes") as caught:
        read(TEXT * 30, MAX_UPLOAD_BYTES=1024)
    assert caught.value.code == "too_large"


def test_a_gzip_bomb_stops_at_the_limit(read) -> None:  # type: ignore[no-untyped-def]
    bomb = gzip.compress(b"0" * 60_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(RejectedUpload) as caught:
            read(bomb, MAX_UPLOAD_BYTES=2_000_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("byte", [b"\n", b"x,"])
def test_nothing_but_line_ends_or_delimiters_does_not_exhaust_memory(read, monkeypatch, byte) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("ventas.records._MAX_MARKS", 1000)
    with pytest.raises(RejectedUpload) as caught:
        read(b"a,b\n1,2\n" + byte * 2000, MAX_ROWS=1000)
    assert caught.value.code == "too_large"


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters='\n",;\t'), max_size=6)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t"),
    quote_all=st.booleans(),
)
@budget(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_properly_quoted_text_is_read_as_it_was_written(read, rows, delimiter, quote_all) -> None:  # type: ignore[no-untyped-def]
    def written(cell: str) -> str:
        if quote_all or set(cell) & set('"\n\ufeff' + delimiter):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    lines = [delimiter.join(map(written, row)) for row in (("Fecha", "Festivo", "Ventas"), *rows)]
    expected = [list(row) for row in rows if any(cell.strip() for cell in row)]
    if not expected:
        return
    table = read("\n".join(lines))
    assert len(table.ragged.lines) == 0
    assert [[cell.strip() for cell in row] for row in texts(table)] == [
        [cell.strip() for cell in row] for row in expected
    ]
    whole = "\n".join(lines).split("\n")
    for line, row in zip(table.records.lines.tolist(), expected, strict=True):
        assert written(row[0]).split("\n")[0].split(delimiter)[0] in whole[line - 1]


@given(data=st.binary(max_size=200), header=st.sampled_from([b"", HEADER.encode() + b"\n"]))
@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(read, data, header) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(RejectedUpload):
        table = read(header + data)
        assert len(table.cells) == len(table.records.lines)
