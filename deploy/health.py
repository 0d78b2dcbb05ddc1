"""`health.py NAME`: exit code 0 if the service of this container answers, asked as the launcher asks; else 1."""

import sys

from ventas.launcher.readiness import Health
from ventas.settings import load_settings

if __name__ == "__main__":
    sys.exit(not Health(load_settings()).answers(sys.argv[1]))
