"""granian, with the app's module imported once, before it forks its workers: they share the memory of that.

    python -m ventas.front.serve api.app:create_front --factory ...

The words are granian's own, the target first. Such a module may name in SHARED further modules that its workers
would import sooner or later, each for itself. The factory is called in the workers only: threads and connections do
not survive a fork, and neither do OpenMP's threads, which begin with the first parallel loop.
"""

import gc
import importlib
import runpy
import sys


def share(target: str) -> None:
    """Import the module of `target` (`module:factory`) and those it names in SHARED."""
    module = importlib.import_module(target.partition(":")[0])
    for name in getattr(module, "SHARED", ()):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # the collector would write into the pages that are shared


if __name__ == "__main__":
    share(sys.argv[1])
    runpy.run_module("granian", run_name="__main__")
