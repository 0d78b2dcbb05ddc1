"""The one error of compiling, by itself: it is caught where sklearn is not loaded."""


class NotCompiled(Exception):
    """Raised where a model cannot be compiled, or answers otherwise when it is; the message says why."""
