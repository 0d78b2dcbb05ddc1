"""Keys of a run's dataset in bucket `data`."""

from ventas.settings import DATA_BUCKET


def dataset_key(run_id: str, name: str) -> str:
    """Where a file of a run's dataset lies in bucket `data`."""
    return f"runs/{run_id}/{name}"


def dataset_uri(run_id: str, name: str) -> str:
    """The same as a URI, for those who look from outside."""
    return f"s3://{DATA_BUCKET}/{dataset_key(run_id, name)}"
