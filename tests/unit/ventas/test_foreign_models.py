"""A model that is none of ours, or no plain skops file, is refused with the reason and never unpickled.

Each file here would write a file of its own if somebody unpickled it, or called what it names.
"""

import gzip
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from ventas.champion import ChampionSource
from ventas.checks import checked
from ventas.errors import ModelUnusable, NotFound
from ventas.ledger import Ledger
from ventas.registry import EXAMPLE_TAG, JUDGED_FILE, SERVED_TAG, Registry
from ventas.served import load_estimator
from ventas.settings import EXPERIMENT, MODEL_NAME, Settings

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of the libraries that it uses

Pack = Callable[[Path], bytes]


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def by_joblib(mark: Path) -> bytes:
    made = io.BytesIO()
    joblib.dump(Payload(mark), made)
    return made.getvalue()


def in_an_array(mark: Path) -> bytes:
    """A skops file whose array was replaced by one of objects, which numpy would unpickle."""
    good = skops.io.dumps({"values": np.arange(3)})
    made = io.BytesIO()
    np.save(made, np.array([Payload(mark)], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (array,) = [name for name in files if name.endswith(".npy")]
    return zipped(files | {array: made.getvalue()})


def naming_a_function(mark: Path) -> bytes:
    """A skops file as skops writes it, of a step that calls whatever it names."""
    return bytes(skops.io.dumps(FunctionTransformer(Path.touch, kw_args={"self": mark})))


def naming_a_type(mark: Path) -> bytes:
    """A skops file whose schema was changed to name a type of the system."""
    good = skops.io.dumps(FunctionTransformer())
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"]) | {"__class__": "Popen", "__module__": "subprocess"}
    return zipped(files | {"schema.json": json.dumps(schema).encode()})


PACKED: dict[str, Pack] = {
    "pickle": lambda mark: pickle.dumps(Payload(mark)),
    "pickle of the oldest protocol": lambda mark: pickle.dumps(Payload(mark), protocol=0),
    "cloudpickle": lambda mark: cloudpickle.dumps(Payload(mark)),
    "joblib": by_joblib,
    "pickle in gzip": lambda mark: gzip.compress(pickle.dumps(Payload(mark))),
    "pickle in a zip": lambda mark: zipped({"model.pkl": pickle.dumps(Payload(mark))}),
    "pickle called schema.json": lambda mark: zipped({"schema.json": pickle.dumps(Payload(mark))}),
    "pickle in an array": in_an_array,
    "a function that is named": naming_a_function,
    "a type that is named": naming_a_type,
    "ONNX": lambda _mark: b"\x08\x07\x12\x07pytorch",
    "nothing": lambda _mark: b"",
}


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "it-was-run"


def test_the_payload_would_be_seen(mark: Path) -> None:
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists()


@pytest.mark.parametrize("kind", PACKED)
def test_a_file_of_another_kind_is_refused_and_runs_nothing(tmp_path: Path, mark: Path, kind: str) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(PACKED[kind](mark))
    with pytest.raises(ModelUnusable, match=r"cannot be loaded|not trusted"):
        load_estimator(path)
    assert not mark.exists()


@pytest.fixture
def registry(settings: Settings, tracking_uri: str) -> Registry:
    return Registry(settings.model_copy(update={"MLFLOW_TRACKING_URI": tracking_uri}))


def registered(
    registry: Registry, folder: Path, data: dict[str, bytes], experiment: str = EXPERIMENT, **tags: str
) -> int:
    """A version of a run that has these files, put there by hand."""
    client = registry.client
    found = client.get_experiment_by_name(experiment)
    known = found.experiment_id if found else client.create_experiment(experiment, str(folder / experiment))
    run = client.create_run(known)
    for name, content in data.items():
        path = folder / "upload" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        client.log_artifact(run.info.run_id, str(path), str(Path(name).parent))
    made = client.create_model_version(MODEL_NAME, run.info.artifact_uri, run.info.run_id, tags=tags)
    return int(made.version)


def source_of(registry: Registry, ledger: Ledger) -> ChampionSource:
    offline = registry.settings.model_copy(update={"REDIS_URL": "redis://127.0.0.1:1/0"})
    return ChampionSource(offline, ledger, registry)


@pytest.mark.parametrize("name", [JUDGED_FILE, "model/model.pkl", "model/python_model.pkl"])
def test_a_version_that_holds_a_pickle_never_becomes_champion(
    registry: Registry, ledger: Ledger, tmp_path: Path, mark: Path, name: str
) -> None:
    """Under our own name, or under one of MLflow's that a tag names as the file to serve."""
    bad = pickle.dumps(Payload(mark))
    version = registered(
        registry,
        tmp_path,
        {name: bad, JUDGED_FILE: bad, "model/MLmodel": b"flavors: {python_function: {}}"},
        **{SERVED_TAG: name},
    )
    source = source_of(registry, ledger)
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        source.promote(version, "ana", "why not")
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        source.fetch(version)
    assert ledger.promotions.head() is None
    assert source.last_good() is None
    assert not mark.exists()


def test_a_version_with_mlflows_flavour_alone_is_refused(
    registry: Registry, ledger: Ledger, tmp_path: Path, mark: Path
) -> None:
    version = registered(registry, tmp_path, {"model/python_model.pkl": pickle.dumps(Payload(mark))})
    with pytest.raises(ModelUnusable, match=JUDGED_FILE):
        source_of(registry, ledger).promote(version, "ana", "why not")
    assert not mark.exists()


def test_a_version_of_another_experiment_is_refused(
    registry: Registry, ledger: Ledger, tmp_path: Path
) -> None:
    good = skops.io.dumps({"a": 1})
    version = registered(registry, tmp_path, {JUDGED_FILE: good}, experiment="Somebody else's")
    source = source_of(registry, ledger)
    for use in (lambda: source.promote(version, "ana", "why not"), lambda: source.fetch(version)):
        with pytest.raises(ModelUnusable, match=f"no run of experiment '{EXPERIMENT}'"):
            use()
    assert ledger.promotions.head() is None


def test_a_version_of_no_run_is_refused_and_hides_no_other(
    registry: Registry, ledger: Ledger, tmp_path: Path
) -> None:
    ours = registered(registry, tmp_path, {})
    foreign = int(registry.client.create_model_version(MODEL_NAME, str(tmp_path)).version)
    with pytest.raises(NotFound, match="none of ours"):
        source_of(registry, ledger).promote(foreign, "ana", "why not")
    told = [one.version for one in registry.versions()]
    assert (ours in told, foreign in told) == (True, False)


@pytest.mark.parametrize("tag", [SERVED_TAG, EXAMPLE_TAG])
@pytest.mark.parametrize("name", ["../other/model.skops", "/etc/hostname", "a/../../x.skops", "."])
def test_a_tag_leads_to_no_file_outside_its_run(
    registry: Registry, tmp_path: Path, tag: str, name: str
) -> None:
    version = registered(registry, tmp_path, {JUDGED_FILE: b""}, **{tag: name})
    folder = tmp_path / "scratch" / "deep"
    with pytest.raises(ModelUnusable, match="none of its run"):
        checked(registry, registry.version(version), folder)
    assert not (tmp_path / "scratch").exists()
