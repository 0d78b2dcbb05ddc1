"""The drawn tree is the real one."""

import ventas.errors as errors
from ventas.errors import LeaseLost, PermanentError, TransientError, VentasError


def _all() -> list[type[VentasError]]:
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, VentasError)
    ]


def test_every_error_is_drawn_and_explained() -> None:
    for kind in _all():
        assert kind.__name__ in errors.__doc__
        assert kind.__doc__, f"{kind.__name__} does not say when it is raised"


def test_every_error_is_permanent_or_transient() -> None:
    for kind in _all():
        if kind not in (VentasError, LeaseLost):
            assert issubclass(kind, PermanentError) != issubclass(kind, TransientError), kind.__name__
