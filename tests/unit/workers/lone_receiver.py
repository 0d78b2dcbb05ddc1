"""What a receiver needs beside its ledger, where no store and no broker is there."""


class Quiet:
    """A subscription that is made."""

    problem, state = None, "subscribed"

    def start(self) -> None: ...


class Nobody:
    """Takes tasks and does none."""

    def enqueue(self, _step: str, _run_id: str) -> None: ...

    def enqueue_due(self) -> None: ...
