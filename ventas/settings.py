"""Every knob of the system: one validated table, read once at start-up from the environment and `.env`.

`README.md` lists all of them; a test holds the two together. Units stand in the names.
"""

import hashlib
import json
import secrets
import socket
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ventas.credentials import without_credentials
from ventas.errors import SettingsError
from ventas.public_holidays import checked_place

# Fixed names of the data contract: users and their scripts depend on them, so they are no settings.
UPLOADS_BUCKET = "ventas"
DATA_BUCKET = "data"
MLFLOW_BUCKET = "mlflow"
EXPERIMENT = "Prediccion de Ventas"
MODEL_NAME = "prediccion_ventas_model_prod"
_HOLIDAYS_OF = "AR"

_RECIPE = (
    "MAX_TRAINING_ROWS",
    "SPLIT",
    "TEST_SHARE",
    "SEED",
    "OUTLIER_IQR_FACTOR",
    "MAX_REJECTED_SHARE",
    "CV_FOLDS",
    "GRID_N_ESTIMATORS",
    "GRID_MAX_DEPTH",
    "GRID_MIN_SAMPLES_SPLIT",
    "REFIT",
    "FAIR_MIN_DATES",
    "LEFT_OUT_COLUMNS",
    "SEARCH",
    "SEARCH_BUDGET_SECONDS",
    "TABLE_MARGIN",
    "INTERVAL_COVERAGE",
    "PROMOTION_RULE",
    "MAX_SEGMENT_REGRESSION",
    "JUDGE_ORIGINS",
)


class Settings(BaseSettings):
    """The settings of every process; field names in upper case are the environment's names."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,  # a traceback ends in a log; so what may be a secret has repr=False too
    )

    # Places
    VENTAS_HOME: Path = Field(Path(".ventas"), description="Folder that holds all state.")
    MINIO_ENDPOINT: str = Field("127.0.0.1:9000", description="Host and port of MinIO or any S3 server.")
    MINIO_CONSOLE_PORT: int = Field(9001, ge=1, le=65535, description="Port of MinIO's web console.")
    MINIO_ACCESS_KEY: str = Field("minio", description="S3 access key, at least 3 characters.", min_length=3)
    MINIO_SECRET_KEY: str = Field(
        "",
        repr=False,
        description="S3 secret key, at least 8 characters; empty: made at random.",
        pattern=r"^(.{8,})?$",
    )
    MINIO_SECURE: bool = Field(False, description="Talk TLS to MinIO.")
    MINIO_REGION: str = Field("us-east-1", description="S3 region, part of the notification's ARN.")
    REDIS_URL: str = Field("redis://127.0.0.1:6379/0", repr=False, description="Broker of the tasks.")
    DATABASE_URL: str = Field(
        "", repr=False, description="SQLAlchemy URL of ledger and history; empty: SQLite in VENTAS_HOME."
    )
    HOST_NAME: str = Field(
        "",
        description="What this machine's workers are called, unlike any other's; empty: its host name.",
        pattern=r"^[A-Za-z0-9._-]*$",
    )
    DASK_SCHEDULER: str = Field(
        "",
        description="Dask scheduler whose workers share a search's fits (`tcp://host:8786`); empty: this machine.",
    )
    MLFLOW_TRACKING_URI: str = Field("http://127.0.0.1:5000", repr=False, description="MLflow server.")
    MLFLOW_BACKEND_STORE_URI: str = Field(
        "",
        repr=False,
        description="Database of the MLflow server that we start; empty: SQLite in VENTAS_HOME.",
    )
    API_URL: str = Field("http://127.0.0.1:8000", description="Where the dashboard and the CLI find the API.")
    API_BIND: str = Field("127.0.0.1:8000", description="Address that the API listens on.")
    DASHBOARD_BIND: str = Field("127.0.0.1:8050", description="Address that the dashboard listens on.")
    FLOWER_BIND: str = Field("127.0.0.1:5555", description="Address that Flower listens on.")
    WEBHOOKS_BIND: str = Field("127.0.0.1:8080", description="Address that the event receiver listens on.")
    WEBHOOKS_URL: str = Field("http://127.0.0.1:8080", description="Where MinIO finds the event receiver.")
    FLOWER_URL: str = Field("", description="Where the API finds Flower; empty: from FLOWER_BIND.")
    API_PUBLIC_URL: str = Field("", description="The API as browsers reach it; empty: API_URL.")
    DASHBOARD_PUBLIC_URL: str = Field(
        "",
        description="The dashboard as browsers reach it: MinIO takes uploads from no other page; "
        "empty: from DASHBOARD_BIND.",
        pattern=r"^(https?://[^/].*)?$",
    )
    MINIO_PUBLIC_URL: str = Field(
        "", description="The S3 server as browsers reach it to upload; empty: from MINIO_ENDPOINT."
    )
    MLFLOW_PUBLIC_URL: str = Field("", description="MLflow as browsers reach it; empty: the tracking URI.")
    FLOWER_PUBLIC_URL: str = Field("", description="Flower as browsers reach it; empty: from FLOWER_BIND.")
    MINIO_CONSOLE_PUBLIC_URL: str = Field(
        "", description="MinIO's console as browsers reach it; empty: from MINIO_ENDPOINT and its port."
    )

    OTEL_EXPORTER_OTLP_ENDPOINT: str = Field(
        "",
        repr=False,
        description="OpenTelemetry collector that gets each upload's trace (`http://host:4318`); empty: no traces.",
        pattern=r"^(https?://.+)?$",
    )

    # Secrets: made at random on the first start into VENTAS_HOME/tokens unless given
    WEBHOOK_TOKEN: str = Field(
        "", repr=False, description="Bearer token of MinIO's events; empty: made at random."
    )
    ADMIN_TOKEN: str = Field(
        "", repr=False, description="Bearer token of changing requests; empty: made at random."
    )
    UPLOAD_TOKEN: str = Field(
        "",
        repr=False,
        description="Bearer token of POST /uploads, as the dashboard sends it; empty: made at random.",
    )
    FLOWER_BASIC_AUTH: str = Field(
        "",
        repr=False,
        description="`user:password` of Flower's pages and API; empty: `admin` and a password made at random.",
        pattern=r"^([^:]+:.+)?$",
    )
    # Who may see the dashboard
    DASHBOARD_AUTH: Literal["off", "token", "header"] = Field(
        "off",
        description="Who may see the dashboard: whoever reaches it (on the loopback alone), whoever has the token, "
        "or whom a proxy's header names.",
    )
    DASHBOARD_TOKEN: str = Field(
        "",
        repr=False,
        description="Token of the dashboard's login, at least 12 characters; empty: made at random.",
        pattern=r"^(.{12,})?$",
    )
    DASHBOARD_SESSION_KEY: str = Field(
        "",
        repr=False,
        description="Key that signs the login's cookie, at least 32 characters; empty: made at random.",
        pattern=r"^(.{32,})?$",
    )
    DASHBOARD_SESSION_SECONDS: int = Field(
        43_200, ge=60, description="How long a login lasts, from the moment of the login."
    )
    DASHBOARD_USER_HEADER: str = Field(
        "X-Forwarded-User",
        description="Header in which the proxy names the user, where DASHBOARD_AUTH is `header`.",
        pattern=r"^[A-Za-z0-9-]+$",
    )
    TRUSTED_PROXIES: list[str] = Field(
        ["127.0.0.1", "::1"],
        description="Addresses or networks of the proxies whose headers are believed (JSON list).",
    )

    # Intake
    MAX_EVENT_BYTES: int = Field(1_048_576, ge=1024, description="Largest notification body accepted.")
    MAX_EVENT_RECORDS: int = Field(1000, ge=1, description="Most records accepted in one notification.")
    UPLOAD_URL_SECONDS: int = Field(
        900, ge=10, le=604_800, description="How long an address of POST /uploads takes a file."
    )
    MAX_UPLOAD_BYTES: int = Field(536_870_912, ge=1024, description="Largest upload read, after gzip too.")
    MAX_EXPANSION: int = Field(
        200, ge=1, description="A gzip upload may grow to this many times its size (1 MiB always)."
    )
    MAX_ROWS: int = Field(5_000_000, ge=10, description="Most rows a sales file may have.")
    OUT_OF_CORE_BYTES: int = Field(
        134_217_728,
        ge=0,
        description="Sales files larger than this, unpacked, are cleaned on disk, in bounded memory.",
    )
    MAX_TRAINING_ROWS: int = Field(
        2_000_000,
        ge=10,
        description="Of a larger file the newest whole days with this many rows are trained on.",
    )
    MAX_COLUMNS: int = Field(200, ge=5, description="Most columns a sales file may have.")
    MAX_REJECTED_SHARE: float = Field(
        0.20, ge=0, le=1, description="Share of bad rows above which the whole file is rejected."
    )

    # Dataset and model
    LEFT_OUT_COLUMNS: list[str] = Field(
        [],
        description="Columns that nobody knows in advance, such as customers: no model reads them (JSON list).",
    )
    SPLIT: Literal["time", "random"] = Field("time", description="How rows are split 70/30.")
    TEST_SHARE: float = Field(0.30, gt=0, lt=1, description="Share of dates (or rows) held out as test.")
    SEED: int = Field(42, ge=0, le=4_294_967_295, description="Seed of the random split and of every model.")
    OUTLIER_IQR_FACTOR: float = Field(
        1.5, gt=0, description="Train rows further than this many IQR outside are outliers."
    )
    SEARCH: Literal["auto", "grid"] = Field(
        "auto",
        description="Search tables, linear models, forests and boosting (auto), or the forest grid alone.",
    )
    SEARCH_BUDGET_SECONDS: int = Field(
        120,
        ge=1,
        description="Time that a search is planned for on two cores; one that takes far longer is stopped.",
    )
    TABLE_MARGIN: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="Share by which a model's error must be below the table of means to be chosen.",
    )
    INTERVAL_COVERAGE: float = Field(
        0.8, ge=0.5, le=0.99, description="Share of actual sales that a prediction's interval is to hold."
    )
    CV_FOLDS: int = Field(5, ge=2, le=20, description="Folds of the cross-validation inside train.")
    GRID_N_ESTIMATORS: list[int] = Field([100, 200], description="Trees tried by the search (JSON list).")
    GRID_MAX_DEPTH: list[int | None] = Field([None, 10, 20], description="Depths tried (JSON list).")
    GRID_MIN_SAMPLES_SPLIT: list[int] = Field([2, 5], description="Split sizes tried (JSON list).")
    REFIT: Literal["on", "off"] = Field(
        "on", description="Serve the recipe refitted on all rows (on), or the judged fit itself (off)."
    )
    FAIR_MIN_DATES: int = Field(
        30, ge=1, description="Fewer unseen test dates than this: compare recipes instead of fits."
    )

    # Judging, and what reality says
    PROMOTION_RULE: Literal["lower", "confident"] = Field(
        "lower", description="Promote a lower error, or only one that is lower with 95 % confidence."
    )
    MAX_SEGMENT_REGRESSION: float | None = Field(
        None,
        ge=0,
        description="No promotion if a segment's error grows by more than this share; empty: no bound.",
    )
    JUDGE_ORIGINS: int = Field(
        1,
        ge=1,
        le=12,
        description="Windows of test dates to judge on, each from its own origin (1: one window).",
    )
    APPROVAL: Literal["auto", "human"] = Field(
        "auto", description="Promote at once, or hold a promotion until `ventas approve VERSION`."
    )
    ON_LOSS: Literal["hold", "promote"] = Field(
        "hold",
        description="A model by which series, inputs or the newest days of the champion would be lost: held until "
        "`ventas approve VERSION`, or promoted all the same.",
    )
    SHADOW: Literal["on", "off"] = Field(
        "on", description="Let the last challenger that lost answer the same requests unseen, for comparison."
    )
    ALERT_ERROR_RATIO: float = Field(
        1.5, gt=1, description="Alert when the live error is this many times the error at the verdict."
    )
    ALERT_MIN_ROWS: int = Field(
        30, ge=2, description="Fewer predictions that came true than this raise no alert."
    )
    ALERT_WINDOW_DAYS: int = Field(
        90, ge=1, description="Only so many last days that came true count for an alert of errors."
    )
    ALERT_PSI: float = Field(
        0.25, gt=0, description="Alert when a column's population stability index is above this."
    )
    ON_ALERT: Literal["record", "retrain", "rollback"] = Field(
        "record", description="What an alert does beyond being recorded; a drift rolls nothing back."
    )

    # Pipeline
    LEASE_SECONDS: int = Field(20, ge=2, description="A step that renews no lease for this long is retaken.")
    LEASE_RENEW_SECONDS: int = Field(5, ge=1, description="How often a working step renews its lease.")
    MAX_ATTEMPTS: int = Field(5, ge=1, description="Starts of one step after which a run is failed.")
    OUTAGE_PATIENCE_SECONDS: int = Field(
        86_400, ge=0, description="A step that finds a part away for this long is failed."
    )
    SWEEP_INTERVAL_SECONDS: float = Field(30, gt=0, description="How often the sweep runs.")
    REQUEUE_AFTER_SECONDS: int = Field(
        60, ge=1, description="A due step whose task was sent this long ago is sent again."
    )

    # Serving
    CHAMPION_POLL_SECONDS: float = Field(2, gt=0, description="How often the API looks for a new champion.")
    MAX_REQUEST_BYTES: int = Field(65_536, ge=1024, description="Largest request body the API reads.")
    MAX_BATCH_ROWS: int = Field(
        100_000, ge=1, description="Most rows in one POST /predict/batch, and in one forecast file."
    )
    MAX_BATCH_BYTES: int = Field(
        33_554_432, ge=1024, description="Largest body of POST /predict/batch the API reads."
    )
    HISTORY_PAGE_MAX: int = Field(1000, ge=1, description="Most rows a list answers at once.")
    HISTORY_TIMEOUT_SECONDS: float = Field(
        1, gt=0, description="A history row not written in this time is spooled instead."
    )
    KEEP_HISTORY_DAYS: int | None = Field(
        None, ge=1, description="Predictions older than this are deleted by the sweep; empty: all are kept."
    )
    KEEP_DATASETS_DAYS: int = Field(
        0,
        ge=0,
        description="Datasets of runs that ended more days ago are deleted by the sweep, but for those of models "
        "in use; 0: all are kept.",
    )
    KEEP_REJECTED_DAYS: int = Field(
        0,
        ge=0,
        description="Uploads that were rejected more days ago are deleted by the sweep, with their reports; "
        "0: all are kept.",
    )
    KEEP_VERSIONS: int = Field(
        0,
        ge=0,
        description="Files of model versions that are not in use are deleted by the sweep, but for this many of the "
        "newest; 0: all are kept.",
    )
    BUSINESS_TIMEZONE: str = Field("America/Argentina/Buenos_Aires", description="Zone of «today».")
    HOLIDAY_COUNTRY: str = Field(
        _HOLIDAYS_OF,
        description="Whose public holidays the dashboard fills in: `AR`, `ES`, with a region `ES-MD` (ISO 3166).",
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")
    LOG_FORMAT: Literal["text", "json"] = Field("text", description="Log lines for people or for machines.")
    S3_STAND_IN: bool = Field(
        False, description="Set by the launcher where MinIO cannot be had: no notifications, only the sweep."
    )

    @field_validator("BUSINESS_TIMEZONE")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone is called {name!r}; use a name such as Europe/Madrid") from error
        return name

    @field_validator("HOLIDAY_COUNTRY")
    @classmethod
    def _known_place(cls, place: str) -> str:
        # All countries that the package knows are 12 MB in every process, so they are not read for the default.
        return place if place == _HOLIDAYS_OF else checked_place(place)

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def _are_networks(cls, proxies: list[str]) -> list[str]:
        for proxy in proxies:
            ip_network(proxy)  # its ValueError names the text that is none
        return proxies

    @property
    def home(self) -> Path:
        """The state folder, absolute."""
        return self.VENTAS_HOME.expanduser().resolve()

    @property
    def host(self) -> str:
        """What this machine's workers are called."""
        return self.HOST_NAME or socket.gethostname()

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the ledger, with the default filled in."""
        return self.DATABASE_URL or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def mlflow_uri(self) -> str:
        """MLflow's address as it may be shown and logged: of an HTTP one without user and password."""
        uri = self.MLFLOW_TRACKING_URI
        return without_credentials(uri) if uri.startswith(("http://", "https://")) else uri

    @property
    def mlflow_backend_store_uri(self) -> str:
        """SQLAlchemy URL of MLflow's own database, with the default filled in."""
        return self.MLFLOW_BACKEND_STORE_URI or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    def token_file(self, name: str) -> Path:
        """Where the secret called `name` is kept once it was made at random."""
        return self.home / "tokens" / name

    @cached_property
    def minio_secret_key(self) -> str:
        """The S3 secret key; made once and kept in the state folder unless given."""
        return self.MINIO_SECRET_KEY or _kept_token(self.token_file("minio"))

    @cached_property
    def flower_basic_auth(self) -> str:
        """User and password of Flower; the password is made once and kept in the state folder unless given."""
        return self.FLOWER_BASIC_AUTH or f"admin:{_kept_token(self.token_file('flower'))}"

    @cached_property
    def webhook_token(self) -> str:
        """The token that MinIO must send; made once and kept in the state folder unless given."""
        return self.WEBHOOK_TOKEN or _kept_token(self.token_file("webhook"))

    @cached_property
    def admin_token(self) -> str:
        """The token of changing requests; made once and kept in the state folder unless given."""
        return self.ADMIN_TOKEN or _kept_token(self.token_file("admin"))

    @cached_property
    def upload_token(self) -> str:
        """The token of those who may ask for an upload; made once and kept in the state folder unless given."""
        return self.UPLOAD_TOKEN or _kept_token(self.token_file("upload"))

    @cached_property
    def dashboard_token(self) -> str:
        """The token of the dashboard's login; made once and kept in the state folder unless given."""
        return self.DASHBOARD_TOKEN or _kept_token(self.token_file("dashboard"))

    @cached_property
    def dashboard_session_key(self) -> str:
        """The key that signs the login's cookie; made once and kept in the state folder unless given."""
        return self.DASHBOARD_SESSION_KEY or _kept_token(self.token_file("dashboard-session"))

    def recipe(self) -> dict[str, object]:
        """The settings that decide what a given upload is trained into and how it is judged."""
        return {name.lower(): getattr(self, name) for name in _RECIPE}

    @property
    def recipe_digest(self) -> str:
        """SHA-256 of the recipe's settings: equal bytes and equal digest mean an equal challenger."""
        return hashlib.sha256(json.dumps(self.recipe(), sort_keys=True).encode()).hexdigest()


def _kept_token(path: Path) -> str:
    """The token in `path`; made at random, readable by its owner only, if the file is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600)
        # Hexadecimal, for a secret that begins with a dash would be an option to `mc alias set`.
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            path.hardlink_to(fresh)  # atomic: of several processes starting at once one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def load_settings() -> Settings:
    """Read and validate the settings; raises SettingsError naming every variable at fault."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SettingsError("Invalid setting. " + "; ".join(faults)) from error
