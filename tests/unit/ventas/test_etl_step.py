"""The step etl on an S3 server of its own: what it leaves at the root of bucket `data`, and what it skips."""

import io
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from ventas.ledger import Ledger, Promotion, UploadEvent
from ventas.ledger.outcomes import OutcomeFilter
from ventas.ledger.predictions import NewPrediction
from ventas.lost_knowledge import KnowledgeBase
from ventas.pipeline.etl import etl
from ventas.pipeline.runner import run_step
from ventas.sample_chain import generate_chain
from ventas.split import read_dataset
from ventas.states import RunStatus, Step
from ventas.store import ObjectVersion, Store

START = datetime(2026, 11, 1, tzinfo=UTC)


def _sales(start: str) -> bytes:
    dates = pd.date_range(start, periods=60)
    table = pd.DataFrame({"Fecha": dates, "DíaDeLaSemana": dates.day_of_week + 1})
    table["Promociones"], table["Festivo"], table["Ventas"] = 0, 0, 100.0 + np.arange(60)
    return table.to_csv(index=False).encode()


class FineStore(Store):
    """The stand-in's listing has whole seconds; here the uploads are a second apart in the order they came."""

    def __init__(self, settings):
        super().__init__(settings)
        self.came: list[str] = []

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectVersion]:
        for found in super().versions(bucket, prefix):
            moment = START + timedelta(seconds=self.came.index(found.version_id))
            yield replace(found, last_modified=moment)


class Site:
    """A bucket with uploads, and the runs that work on them."""

    def __init__(self, settings, ledger: Ledger):
        self.client = Minio(
            settings.MINIO_ENDPOINT, access_key="minio", secret_key="any-secret", secure=False
        )
        for bucket in ("ventas", "data"):
            if not self.client.bucket_exists(bucket):  # other tests share the server
                self.client.make_bucket(bucket)
        self.client.set_bucket_versioning("ventas", VersioningConfig(ENABLED))
        self.ledger = ledger
        store = FineStore(settings)
        knowledge = KnowledgeBase(settings, ledger, store)
        self.parts = SimpleNamespace(settings=settings, ledger=ledger, store=store, knowledge=knowledge)
        self.folder = uuid.uuid4().hex

    def upload(self, name: str, start: str) -> str:
        """The run of a sales file that begins at `start`, not worked on yet."""
        return self.put(name, _sales(start))

    def put(self, name: str, data: bytes) -> str:
        """The run of an upload with these bytes."""
        key = f"{self.folder}/{name}"
        version = self.client.put_object("ventas", key, io.BytesIO(data), len(data)).version_id
        self.parts.store.came.append(version)
        return self.ledger.intake.record([UploadEvent("ventas", key, version, "e", 1)])[0].run_id

    def etl(self, run_id: str) -> str:
        """Run the step; the state that it led to."""
        run_step(self.parts, run_id, Step.ETL, etl, "w")
        return self.ledger.runs.get(run_id).status

    def root(self) -> str:
        """The first date in `train.csv` at the root of bucket `data`."""
        return self.client.get_object("data", "train.csv").read().decode().splitlines()[1][:10]


@pytest.fixture
def site(s3_settings, ledger: Ledger) -> Site:
    return Site(s3_settings, ledger)


def test_an_older_upload_that_comes_late_does_not_replace_the_latest_dataset(site: Site) -> None:
    older, newer = site.upload("a_ventas.csv", "2024-01-01"), site.upload("b_ventas.csv", "2025-01-01")
    assert site.etl(newer) == "retrain"
    assert site.root() == "2025-01-01"
    assert site.etl(older) == "retrain", "another key: it is worked on all the same"
    assert site.root() == "2025-01-01"


def test_a_newer_upload_replaces_the_latest_dataset(site: Site) -> None:
    older, newer = site.upload("a_ventas.csv", "2022-01-01"), site.upload("b_ventas.csv", "2023-01-01")
    site.etl(older)
    assert site.root() == "2022-01-01"
    site.etl(newer)
    assert site.root() == "2023-01-01"


def test_a_slow_older_run_that_wrote_last_puts_the_newer_one_back(site: Site) -> None:
    """Both at once: the newer one gets through between the older one's look and its write."""
    older, newer = site.upload("a_ventas.csv", "2020-01-01"), site.upload("b_ventas.csv", "2021-01-01")
    put = site.parts.store.put_bytes

    def slow(bucket: str, key: str, data: bytes, content_type: str) -> object:
        if key == "train.csv" and site.parts.store.put_bytes is slow:
            site.parts.store.put_bytes = put
            assert site.etl(newer) == "retrain"
            assert site.root() == "2021-01-01"
        return put(bucket, key, data, content_type)

    site.parts.store.put_bytes = slow
    assert site.etl(older) == "retrain"
    assert site.root() == "2021-01-01"


def test_a_chain_of_stores_leaves_its_outliers_and_what_its_columns_mean(site: Site) -> None:
    chain = generate_chain(4, 120, seed=1).frame
    is_open = chain.index[(chain["Tienda"] == "T0003") & (chain["Abierto"] == 1)]
    chain.loc[is_open[5], "Ventas"] = 10**6
    run = site.put("chain_ventas.csv", chain.to_csv(index=False).encode())
    assert site.etl(run) == "retrain"
    quality = site.ledger.runs.get(run).quality
    assert (quality["series"], quality["series_count"], quality["open"]) == ("Tienda", 4, "Abierto")
    outliers = read_dataset(site.client.get_object("data", f"runs/{run}/outliers.csv").read())
    assert len(outliers) == quality["outliers"]["count"]
    assert ("T0003", 10**6) in set(zip(outliers["Tienda"], outliers["Ventas"], strict=True))


def test_an_upload_tells_what_came_true_and_the_same_bytes_again_tell_nothing(site: Site) -> None:
    """All clean rows count, train's and test's; a prediction that is written later is not looked for."""
    first, last = date(2025, 1, 1), date(2025, 3, 1)
    made, flags = datetime(2024, 12, 1, tzinfo=UTC), {"Promociones": 0, "Festivo": 0}
    site.ledger.predictions.add([NewPrediction(made, 1, day, flags, 150.0) for day in (first, last)])
    run_id = site.upload("ventas.csv", "2025-01-01")
    assert site.etl(run_id) == "retrain"
    (live,) = site.ledger.outcomes.errors(OutcomeFilter())
    assert (live.rows, live.first, live.last, live.mae) == (2, first, last, (50 + 9) / 2)
    _judged(site, run_id)
    site.ledger.predictions.add([NewPrediction(made, 2, first, flags, 150.0)])
    assert site.etl(site.upload("again_ventas.csv", "2025-01-01")) == "not_promoted"
    assert [one.model_version for one in site.ledger.outcomes.errors(OutcomeFilter())] == [1]


def test_the_spread_of_the_training_rows_is_kept_for_the_champions_sake(site: Site) -> None:
    run_id = site.upload("ventas.csv", "2024-01-01")
    site.etl(run_id)
    kept = json.load(site.client.get_object("data", f"runs/{run_id}/profile.json"))
    assert kept["rows"] == 42
    assert kept["columns"]["Festivo"] == {"texts": ["0"], "counts": [42, 0, 0]}


def _judged(site: Site, run_id: str) -> None:
    lease = site.ledger.runs.acquire(run_id, Step.RETRAIN, "w")
    site.ledger.runs.finish(lease, RunStatus.PROMOTE)
    lease = site.ledger.runs.acquire(run_id, Step.PROMOTE, "w")
    site.ledger.runs.finish(lease, RunStatus.NOT_PROMOTED, verdict={"kind": "fair"})


@pytest.mark.parametrize(
    ("rows", "bad", "code", "lines"),
    [
        (60, 30, "too_many_rejected", 30),
        (60, 60, "no_good_rows", 60),
        (8, 1, "too_few_rows", 1),
        (13, 2, "too_few_rows", 2),  # enough to read, too few to split
    ],
)
def test_the_bad_rows_of_a_rejected_file_are_kept_like_those_of_a_good_one(
    site: Site, rows: int, bad: int, code: str, lines: int
) -> None:
    site.parts.settings = site.parts.settings.model_copy(update={"CV_FOLDS": 20})
    header, *good = _sales("2024-01-01").decode().splitlines()[: rows + 1]
    text = "\n".join([header, *good[bad:], *(f"x{line}" for line in good[:bad])])
    run_id = site.put("ventas.csv", text.encode())
    assert site.etl(run_id) == "rejected"
    assert site.ledger.runs.get(run_id).quality["rejection"]["code"] == code
    kept = site.client.get_object("data", f"runs/{run_id}/rejected.csv").read().decode("utf-8-sig")
    assert len(kept.splitlines()) == 1 + lines
    assert "«x2024-01-01» is not a date" in kept
    told = site.client.get_object("ventas", f"informes/{run_id}.md").read().decode()
    assert "Todas están en `rejected.csv`" in told


def test_a_file_that_is_no_table_leaves_no_rows(site: Site) -> None:
    run_id = site.put("ventas.csv", b"a,b\n1,2\n")
    assert site.etl(run_id) == "rejected"
    assert not site.parts.store.exists("data", f"runs/{run_id}/rejected.csv")


def test_a_file_that_lacks_what_the_champion_knows_is_told_so(site: Site) -> None:
    chain = generate_chain(4, 120, seed=1).frame
    first = site.put("chain_ventas.csv", chain.to_csv(index=False).encode())
    site.etl(first)
    lease = site.ledger.runs.acquire(first, Step.RETRAIN, "w")
    site.ledger.runs.finish(lease, RunStatus.PROMOTE, model_version=7)
    made = Promotion(
        created_at=START, model_version=7, run_id=first, source="verdict", actor="pipeline", reason="first"
    )
    lease = site.ledger.runs.acquire(first, Step.PROMOTE, "w")
    site.ledger.runs.finish(lease, RunStatus.PROMOTED, promotion=made)
    second = site.upload("ventas.csv", "2024-01-01")
    assert site.etl(second) == "retrain"
    report = site.ledger.runs.get(second).quality
    assert report["remarks"][-1]["code"] == "columns_gone"
    assert report["warnings"][-1].startswith("Champion version 7 learnt from «Tienda», ")


def test_an_older_version_names_the_newer_one(site: Site) -> None:
    older, newer = site.upload("ventas.csv", "2024-01-01"), site.upload("ventas.csv", "2025-01-01")
    site.etl(newer)
    assert site.etl(older) == "superseded"
    assert site.ledger.runs.get(older).superseded_by == newer
    assert site.ledger.runs.get(older).sha256 is None, "nothing was downloaded"


def test_a_newer_version_that_is_rejected_does_not_take_the_older_one_with_it(site: Site) -> None:
    older, newer = site.upload("ventas.csv", "2024-01-01"), site.put("ventas.csv", b"a,b\n1,2\n")
    assert site.etl(newer) == "rejected"
    assert site.etl(older) == "retrain"


def test_a_file_that_is_cleaned_on_disk_leaves_the_same_dataset(site: Site) -> None:
    """And rows that are too old to be trained on are kept, too."""
    chain = generate_chain(6, 200, seed=2).frame.to_csv(index=False, sep=";").encode()
    left = []
    for limit in (0, 1 << 30):
        known = {"OUT_OF_CORE_BYTES": limit, "MAX_TRAINING_ROWS": 800}
        site.parts.settings = site.parts.settings.model_copy(update=known)
        run = site.put("big_ventas.csv", chain + b"\n" * (limit == 0))  # the same bytes are not cleaned twice
        assert site.etl(run) == "retrain"
        prefix = f"runs/{run}/"
        names = [one.object_name for one in site.client.list_objects("data", prefix)]
        left.append({name[len(prefix) :]: site.client.get_object("data", name).read() for name in names})
    on_disk, in_memory = (
        {name: data for name, data in one.items() if name != "quality.json"} for one in left
    )
    assert on_disk == in_memory
    rows = {
        name: len(read_dataset(on_disk[f"{name}.csv"])) for name in ("train", "outliers", "test", "older")
    }
    assert rows["older"] > 0
    assert 0 < sum(rows.values()) - rows["older"] <= 800
    quality = json.loads(left[0]["quality.json"])
    assert quality["rows_older"] == rows["older"]
    assert sum(rows.values()) == quality["rows_kept"]
    assert any("MAX_TRAINING_ROWS" in sentence for sentence in quality["warnings"])


def test_what_a_killed_worker_left_is_deleted_a_day_later(site: Site) -> None:
    """It may be some times a large file; what another worker is at stays."""
    left, fresh = (site.parts.settings.home / "tmp" / name for name in ("left", "fresh"))
    for folder in (left, fresh):
        (folder / "out-of-core").mkdir(parents=True)
        (folder / "out-of-core" / "text").write_text("Fecha")
    for path in (left / "out-of-core" / "text", left / "out-of-core", left):
        os.utime(path, (0, 0))
    assert site.etl(site.upload("killed_ventas.csv", "2024-01-01")) == "retrain"
    assert not left.exists()
    assert (fresh / "out-of-core" / "text").read_text() == "Fecha"
