"""The Celery app: queues, the clock's schedule, and how a task is sent by name.

Recovery rests on the ledger's leases and the sweep, not on the broker: tasks are acknowledged when they start
(`task_acks_late` off), so Redis's visibility timeout can neither repeat a long training nor delay a lost one.
"""

from typing import Any

from celery import Celery
from celery.exceptions import OperationalError as CeleryOperationalError
from celery.signals import beat_init, setup_logging
from kombu.exceptions import OperationalError as KombuOperationalError
from redis.exceptions import RedisError

from ventas.errors import BrokerUnavailable
from ventas.logs import configure_logging
from ventas.settings import Settings, load_settings
from ventas.states import REPLAY, Step

CONTROL, TRAINING = "control", "training"
QUEUES = {
    Step.ETL.value: CONTROL,
    Step.RETRAIN.value: TRAINING,
    Step.PROMOTE.value: CONTROL,
    Step.FORECAST.value: CONTROL,
    REPLAY: TRAINING,
}
SWEEP, SEND_DUE = "sweep", "send_due"

# Publishing to a Redis that hangs would hang for ever by default; so it fails after 2 s, and the sweep sends the
# task. With one retry it took 6 s over a connection that was open before. One that Redis has closed is opened anew
# without a retry.
_TRANSPORT = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry_on_timeout": False}
_PUBLISH_RETRIES = {"max_retries": 0}
# In Redis a lower number goes first. What the sweep sends has waited, or died at work, and goes before what is new.
# A replay can take as long as many trainings, and nobody's forecast hangs on it: it begins when no training waits.
_FIRST, _NORMAL, _LAST = 0, 6, 9
_TRANSPORT_PRIORITIES = {"priority_steps": [_FIRST, _NORMAL, _LAST]}


def create_app(settings: Settings) -> Celery:
    """A Celery app on the broker of `settings`.

    Its tasks live in `workers.tasks`, which workers alone load: beat and Flower know them by name.
    """
    celery = Celery("ventas", broker=settings.REDIS_URL)
    celery.conf.update(
        task_ignore_result=True,  # the ledger keeps what came of a task
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=CONTROL,
        task_routes={task: {"queue": queue} for task, queue in QUEUES.items()},
        task_default_priority=_NORMAL,
        task_acks_late=False,
        # By default a new child has 4 s to say that it is up: on a busy machine one was killed and forked again for
        # ever.
        worker_proc_alive_timeout=60,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,  # for Flower
        task_send_sent_event=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_TRANSPORT | _TRANSPORT_PRIORITIES,
        task_publish_retry_policy=_PUBLISH_RETRIES,
        timezone="UTC",
        beat_schedule={
            SWEEP: {
                "task": SWEEP,
                "schedule": settings.SWEEP_INTERVAL_SECONDS,
                # A sweep that waited longer than the next one is of no use.
                "options": {"expires": settings.SWEEP_INTERVAL_SECONDS},
            }
        },
    )
    return celery


app = create_app(load_settings())


@setup_logging.connect
def _log_as_everywhere(**_: object) -> None:
    configure_logging(load_settings(), "worker")


@beat_init.connect
def _sweep_at_start(**_: object) -> None:
    """Whatever was uploaded while everything was down is found now, not an interval later."""
    app.send_task(SWEEP, queue=CONTROL)


def enqueue_first(task: str, subject: str) -> None:
    """Send the task of a step before all that waits, or a replay as ever. Raises BrokerUnavailable."""
    enqueue(task, subject, priority=_FIRST)


def enqueue(task: str, subject: str, *, priority: int = _NORMAL) -> None:
    """Send a step's task with the id of its run, or REPLAY with that of the replay.

    Raises BrokerUnavailable within seconds where Redis does not take it.
    """
    _publish(str(task), args=[subject], priority=_LAST if task == REPLAY else priority)


def enqueue_due() -> None:
    """Have a worker send, before all that waits, the tasks of all steps that are due. Raises BrokerUnavailable."""
    _publish(SEND_DUE, queue=CONTROL, priority=_FIRST)


def _publish(name: str, **options: Any) -> None:
    try:
        app.send_task(name, **options)
    except (CeleryOperationalError, KombuOperationalError, RedisError, OSError) as error:
        raise BrokerUnavailable(f"Redis does not take tasks: {error}") from error
