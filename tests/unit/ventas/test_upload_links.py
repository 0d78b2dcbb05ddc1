"""Addresses for uploads: which names are taken, where they lead, and for which host they are signed."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ventas.contract import Kind, is_upload_key, kind_of
from ventas.errors import InvalidRequest, SettingsError
from ventas.settings import Settings
from ventas.times import utc_now
from ventas.upload_links import UploadLinks, key_of


def links(**changes: Any) -> UploadLinks:
    return UploadLinks(Settings(_env_file=None, **{"MINIO_SECRET_KEY": "any-secret", **changes}))


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("ventas.csv", Kind.SALES, "ventas.csv"),
        ("VENTAS enero.CSV.gz", Kind.SALES, "VENTAS enero.CSV.gz"),
        ("ventas-ma\u006e\u0303ana.csv", Kind.SALES, "ventas-mañana.csv"),
        ("días.csv", Kind.FORECAST, "pronosticos/entrada/días.csv"),
        ("ventas..csv", Kind.SALES, "ventas..csv"),
    ],
)
def test_a_name_that_the_pipeline_takes_gets_its_key(name: str, kind: Kind, key: str) -> None:
    assert key_of(name, kind) == key


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("enero.csv", Kind.SALES, "does not match *ventas*.csv"),
        ("ventas.xlsx", Kind.SALES, "Rename the file"),
        ("dias.txt", Kind.FORECAST, "does not match *.csv"),
        ("../ventas.csv", Kind.SALES, "without folders"),
        ("informes/ventas.csv", Kind.SALES, "without folders"),
        ("pronosticos/salida/ventas.csv", Kind.SALES, "without folders"),
        ("..\\ventas.csv", Kind.SALES, "without folders"),
        ("ventas\n.csv", Kind.SALES, "cannot be seen"),
        ("ventas\u202e.csv", Kind.SALES, "cannot be seen"),
        ("ventas\ud800.csv", Kind.SALES, "cannot be seen"),
        (".ventas.csv", Kind.SALES, "begins with a point"),
        (" ventas.csv", Kind.SALES, "blank"),
        ("ventas" + "ñ" * 100 + ".csv", Kind.SALES, "longer than 200 bytes"),
    ],
)
def test_any_other_name_is_refused_saying_what_to_do(name: str, kind: Kind, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        key_of(name, kind)
    assert says in str(refused.value)
    assert refused.value.field == "name"


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(name=st.text(max_size=60), kind=st.sampled_from(Kind))
def test_whatever_the_name_a_key_is_an_upload_of_its_kind_or_there_is_none(name: str, kind: Kind) -> None:
    try:
        key = key_of(name, kind)
    except InvalidRequest:
        return
    assert is_upload_key(key) == (True, "")
    assert kind_of(key) is kind
    assert key.count("/") == (2 if kind is Kind.FORECAST else 0)


def test_the_address_is_signed_for_the_host_that_browsers_reach_and_asks_nobody() -> None:
    link = links(
        MINIO_ENDPOINT="nowhere.invalid:9000",
        MINIO_PUBLIC_URL="https://files.example.org",
        UPLOAD_URL_SECONDS=60,
    ).put("ventas.csv", Kind.SALES)
    parts = urlsplit(link.url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "files.example.org", "/ventas/ventas.csv")
    assert parse_qs(parts.query)["X-Amz-Expires"] == ["60"]
    assert timedelta(seconds=50) < link.expires_at - utc_now() <= timedelta(seconds=60)


def test_without_a_public_address_it_is_the_endpoint() -> None:
    assert links().put("ventas.csv", Kind.SALES).url.startswith("http://127.0.0.1:9000/ventas/ventas.csv?")
    assert links(MINIO_SECURE=True).put("ventas.csv", Kind.SALES).url.startswith("https://127.0.0.1:9000/")


def test_a_public_address_that_is_none_is_told_with_its_setting() -> None:
    with pytest.raises(SettingsError, match="MINIO_PUBLIC_URL"):
        links(MINIO_PUBLIC_URL="http://files.example.org/behind/a/path")
