"""One table of all services: how each is started, where it listens, which setting moves it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from ventas.errors import NotFound, SettingsError
from ventas.launcher.addresses import Address, address, dashboard_origins, open_dashboard
from ventas.launcher.launch import Launch
from ventas.launcher.redis_server import find_redis, redis_argv
from ventas.settings import MLFLOW_BUCKET, Settings

# The id in the target's ARN, arn:minio:sqs:<region>:VENTAS:webhook; its case counts.
NOTIFY_ID = "VENTAS"
# Beat and Flower send by name; the tasks import pandas, sklearn and MLflow.
CELERY_APP, CELERY_TASKS = "workers.app:app", "workers.tasks:app"
# Of a request's head, from its first byte or the end of the request before it.
HEAD_MILLISECONDS = 5000


@dataclass(frozen=True)
class Service:
    """A line of the table; `where` gives the addresses it listens on (none for workers).

    `elsewhere`: its setting may name another machine, which then runs it in our stead.
    """

    name: str
    launch: Callable[[Settings], Launch]
    where: Callable[[Settings], list[Address]]
    elsewhere: bool = False

    def is_wanted(self, settings: Settings) -> bool:
        """Whether this machine has to start it."""
        return not self.elsewhere or all(place.is_local for place in self.where(settings))


def minio(settings: Settings) -> Launch:
    """MinIO with the event receiver as its target, or the stand-in where that was decided at the start."""
    if settings.S3_STAND_IN:
        return stand_in(settings)
    # Building takes minutes, so this module is not loaded by services that need nothing of it.
    from ventas.launcher.minio import get_minio

    endpoint = minio_address(settings)
    notify = f"MINIO_NOTIFY_WEBHOOK_{{}}_{NOTIFY_ID}"
    return Launch(
        [
            *(str(get_minio().program), "server", str(settings.home / "minio")),
            *("--address", str(endpoint)),
            *("--console-address", f"{endpoint.host}:{settings.MINIO_CONSOLE_PORT}"),
        ],
        {
            "MINIO_ROOT_USER": settings.MINIO_ACCESS_KEY,
            "MINIO_ROOT_PASSWORD": settings.minio_secret_key,
            "MINIO_SITE_REGION": settings.MINIO_REGION,
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "on",
            "MINIO_API_SYNC_EVENTS": "on",
            # Browsers send uploads from the dashboard's pages; those of other sites get no answer that they can read.
            "MINIO_API_CORS_ALLOW_ORIGIN": ",".join(dashboard_origins(settings)),
            notify.format("ENABLE"): "on",
            notify.format("ENDPOINT"): f"{settings.WEBHOOKS_URL.rstrip('/')}/events/minio",
            notify.format("AUTH_TOKEN"): settings.webhook_token,
            notify.format("QUEUE_DIR"): str(settings.home / "minio-events"),
            notify.format("QUEUE_LIMIT"): "100000",
        },
        outlives=("worker", "trainer", "mlflow"),
    )


def stand_in(settings: Settings) -> Launch:
    """moto's S3: no notifications, and all in memory."""
    where = minio_address(settings)
    return Launch([sys.executable, "-m", "moto.server", "-H", where.host, "-p", str(where.port)])


def redis(settings: Settings) -> Launch:
    """The broker."""
    where = redis_address(settings)
    return Launch(
        redis_argv(find_redis(), settings.home, where.host, where.port),
        outlives=("worker", "trainer", "beat", "flower", "webhooks", "api"),
    )


def mlflow(settings: Settings) -> Launch:
    """MLflow's server, passing artifacts on to the S3 store; one worker (its default of four takes 2.3 GiB)."""
    where = mlflow_address(settings)
    on_disk = settings.home / "mlflow" / "artifacts"
    artifacts = str(on_disk) if settings.S3_STAND_IN else f"s3://{MLFLOW_BUCKET}"
    scheme = "https" if settings.MINIO_SECURE else "http"
    return Launch(
        [
            *(sys.executable, "-m", "ventas.launcher.mlflow_server", "server"),
            *("--host", where.host, "--port", str(where.port)),
            *("--workers", "1"),
            *("--backend-store-uri", settings.mlflow_backend_store_uri),
            *("--artifacts-destination", artifacts, "--serve-artifacts"),
            *("--uvicorn-opts", "--log-level=warning --no-access-log --timeout-graceful-shutdown=2"),
        ],
        {
            "MLFLOW_S3_ENDPOINT_URL": f"{scheme}://{minio_address(settings)}",
            "AWS_ACCESS_KEY_ID": settings.MINIO_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": settings.minio_secret_key,
            "AWS_DEFAULT_REGION": settings.MINIO_REGION,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # It answers 403 to any Host header that is not listed.
            "MLFLOW_SERVER_ALLOWED_HOSTS": allowed_hosts(where),
        },
    )


def allowed_hosts(where: Address) -> str:
    """Host headers that MLflow accepts, with and without the port."""
    names = dict.fromkeys(["localhost", "127.0.0.1", where.host])
    return ",".join(host for name in names for host in (name, f"{name}:{where.port}"))


def webhooks(settings: Settings) -> Launch:
    """The event receiver; one process, so that start-up work (buckets, subscription) is done once."""
    return granian("webhooks.app:create_front", settings.WEBHOOKS_BIND, "WEBHOOKS_BIND", workers=1)


def api(settings: Settings) -> Launch:
    """The API."""
    made = granian("api.app:create_front", settings.API_BIND, "API_BIND", workers=2)
    return replace(made, env=made.env | PROMPT_MLFLOW)


def dashboard(settings: Settings) -> Launch:
    """The dashboard; raises SettingsError where anybody on other machines could use it."""
    if trouble := open_dashboard(settings):
        raise SettingsError(trouble)
    return granian("dashboard.app:create_front", settings.DASHBOARD_BIND, "DASHBOARD_BIND", workers=2)


# OpenMP's threads (GNU's, as sklearn brings them) spin long while they wait: beside other work one fit took 70 s in
# place of 10. Those that never spin gain nothing from a second core. A little spinning has both: another fit took
# 3.3 s quiet and 12 busy, against 3.2 and 23 by default, and 6.1 and 11 with OMP_WAIT_POLICY=PASSIVE.
PATIENT_THREADS = {"GOMP_SPINCOUNT": "1000"}


# A page waits for what the API asks of MLflow; where it hangs, the next look asks again.
PROMPT_MLFLOW = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


def granian(factory: str, bind: str, setting: str, *, workers: int) -> Launch:
    """A `Front` under granian; open requests have 2 s to end at a stop, and a worker that dies is replaced."""
    where = address(bind, setting)
    program = "ventas.front.serve" if workers > 1 else "granian"  # a lone worker has nobody to share with
    return Launch(
        [
            *(sys.executable, "-m", program, factory, "--factory", "--interface", "rsgi"),
            *("--host", where.host, "--port", str(where.port), "--workers", str(workers)),
            *("--http", "1", "--no-ws", "--loop", "asyncio", "--log-level", "warning"),
            *("--http1-header-read-timeout", str(HEAD_MILLISECONDS)),
            *("--workers-kill-timeout", "2", "--respawn-failed-workers", "--respawn-interval", "0.5"),
        ],
        PATIENT_THREADS,
    )


def worker(settings: Settings) -> Launch:
    """The short steps: sweep, etl, promote."""
    return celery_worker(settings, "control", concurrency=2)


def trainer(settings: Settings) -> Launch:
    """Training, apart: one long training starves nothing."""
    return celery_worker(settings, "training", concurrency=1)


def worker_name(settings: Settings, queue: str) -> str:
    """What this machine's worker of a queue is called; two of one name would answer for each other."""
    return f"{queue}@{settings.host}"


def celery_worker(settings: Settings, queue: str, *, concurrency: int) -> Launch:
    """A Celery worker of one queue; SIGTERM to its main process alone gives unfinished tasks back to the queue."""
    return Launch(
        [
            *celery("worker", CELERY_TASKS),
            *("--queues", queue, "--concurrency", str(concurrency)),
            *("--hostname", worker_name(settings, queue)),
            *("--without-mingle", "--without-gossip", "--task-events", "--loglevel", settings.LOG_LEVEL),
        ],
        {"REMAP_SIGTERM": "SIGQUIT", **PATIENT_THREADS},
        stop_group=False,
    )


def beat(settings: Settings) -> Launch:
    """The clock of the sweep."""
    schedule = str(settings.home / "beat" / "schedule")
    return Launch([*celery("beat"), "-s", schedule, "--pidfile=", "--loglevel", settings.LOG_LEVEL])


def flower(settings: Settings) -> Launch:
    """Flower, its history kept over restarts; it asks for a password.

    Also on the loopback: without one, any web page that a browser of this machine shows could stop workers.
    """
    where = address(settings.FLOWER_BIND, "FLOWER_BIND")
    return Launch(
        [
            *celery("flower"),
            *(f"--address={where.host}", f"--port={where.port}"),
            *("--persistent=True", f"--db={settings.home / 'flower' / 'flower.db'}"),
            "--state_save_interval=10000",
        ],
        # Not by the command line, which every user of the machine may read.
        {"FLOWER_BASIC_AUTH": settings.flower_basic_auth, "FLOWER_UNAUTHENTICATED_API": "false"},
    )


def celery(command: str, app: str = CELERY_APP) -> list[str]:
    """The first words of every Celery command."""
    return [sys.executable, "-m", "celery", "-A", app, command]


def minio_address(settings: Settings) -> Address:
    """Where the S3 API listens."""
    return address(settings.MINIO_ENDPOINT, "MINIO_ENDPOINT")


def redis_address(settings: Settings) -> Address:
    """Where Redis listens."""
    return address(settings.REDIS_URL, "REDIS_URL")


def mlflow_address(settings: Settings) -> Address:
    """Where MLflow listens."""
    return address(settings.MLFLOW_TRACKING_URI, "MLFLOW_TRACKING_URI")


def _minio_places(settings: Settings) -> list[Address]:
    api_place = minio_address(settings)
    if settings.S3_STAND_IN:
        return [api_place]
    return [api_place, Address(api_place.host, settings.MINIO_CONSOLE_PORT, "MINIO_CONSOLE_PORT")]


def _bound(setting: str) -> Callable[[Settings], list[Address]]:
    return lambda settings: [address(getattr(settings, setting), setting)]


def _nowhere(_settings: Settings) -> list[Address]:
    return []


SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        Service("minio", minio, _minio_places, elsewhere=True),
        Service("redis", redis, lambda settings: [redis_address(settings)], elsewhere=True),
        Service("mlflow", mlflow, lambda settings: [mlflow_address(settings)], elsewhere=True),
        Service("webhooks", webhooks, _bound("WEBHOOKS_BIND")),
        Service("worker", worker, _nowhere),
        Service("trainer", trainer, _nowhere),
        Service("beat", beat, _nowhere),
        Service("flower", flower, _bound("FLOWER_BIND")),
        Service("api", api, _bound("API_BIND")),
        Service("dashboard", dashboard, _bound("DASHBOARD_BIND")),
    )
}


def service(name: str) -> Service:
    """The service called `name`; raises NotFound naming those there are."""
    if name not in SERVICES:
        raise NotFound(f"No service is called {name!r}; there are: {', '.join(SERVICES)}.")
    return SERVICES[name]


def wanted(settings: Settings) -> list[str]:
    """Names of the services that this machine starts, in the order of the Procfile."""
    return [name for name, found in SERVICES.items() if found.is_wanted(settings)]
