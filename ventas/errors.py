"""Every error that the pipeline raises on purpose.

    VentasError
    ├── PermanentError            trying again cannot help; a person must act
    │   ├── RejectedUpload        the file breaks the contract; the sender must fix it
    │   ├── InvalidRequest        a request that can never be served as it stands
    │   ├── NotFound              what was asked for does not exist
    │   │   └── Deleted           it did exist, and a setting had it deleted
    │   ├── Conflict              things stand so that it cannot be done now; look, then decide again
    │   ├── ModelUnusable         a model version that cannot be loaded, or fails its checks
    │   └── SettingsError         a setting has a value that cannot work
    └── TransientError            time may fix it; the step is tried again
        ├── StoreUnavailable      MinIO does not answer
        ├── RegistryUnavailable   MLflow does not answer
        ├── LedgerUnavailable     the database does not answer
        ├── BrokerUnavailable     Redis does not answer
        ├── ApiUnavailable        the API does not answer (raised in its clients)
        ├── ChampionChanged       another promotion came first; judge again
        └── NoChampion            no model is served yet

    LeaseLost                     another worker owns the run now: stop, change nothing

Errors of libraries are translated where the library is called (`store`, `registry`, `ledger`), so that callers
meet only these.
"""


class VentasError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a sentence for the person who must act."""


class PermanentError(VentasError):
    """Raised when trying again cannot help."""


class RejectedUpload(PermanentError):
    """Raised when an uploaded file breaks the data contract.

    Parameters
    ----------
    message: a sentence in English saying what was wrong, where, and what to do.
    code: a short stable word for programs, such as `missing_column`.
    report: the quality report as far as it could be made (JSON-serialisable).
    bad_rows: the rows at fault as CSV; None where the file could not be read as rows.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "rejected",
        report: dict[str, object] | None = None,
        bad_rows: bytes | None = None,
    ):
        super().__init__(message)
        self.code = code
        self.report = report or {}
        self.bad_rows = bad_rows


class InvalidRequest(PermanentError):
    """Raised when a request can never be served as it stands; `field` names the part at fault."""

    def __init__(self, message: str, *, field: str | None = None):
        super().__init__(message)
        self.field = field


class NotFound(PermanentError):
    """Raised when the object, run, prediction or model version that was asked for does not exist."""


class Deleted(NotFound):
    """Raised when what was asked for was deleted by retention; the message names the setting."""


class Conflict(PermanentError):
    """Raised when a request does not fit how things stand, such as a retry of a run that is at work."""


class ModelUnusable(PermanentError):
    """Raised when a model version cannot be loaded or fails its checks."""


class SettingsError(PermanentError):
    """Raised at start-up when a setting has a value that cannot work; the message names the variable."""


class TransientError(VentasError):
    """Raised when time may fix it: a part does not answer, or something is not there yet."""


class StoreUnavailable(TransientError):
    """Raised when MinIO does not answer or refuses for a reason that may pass."""


class RegistryUnavailable(TransientError):
    """Raised when MLflow does not answer or refuses for a reason that may pass."""


class LedgerUnavailable(TransientError):
    """Raised when the database does not answer, or stays locked past its timeout."""


class BrokerUnavailable(TransientError):
    """Raised when a task cannot be enqueued because Redis does not answer."""


class ApiUnavailable(TransientError):
    """Raised when the API does not answer, or answers that it cannot serve the request now."""


class ChampionChanged(TransientError):
    """Raised when another version became champion while a challenger was judged against the former one."""


class NoChampion(TransientError):
    """Raised when a prediction is asked for before any model has been promoted."""


class LeaseLost(VentasError):
    """Raised when a step finds that another worker owns its run: it must stop and change nothing."""
