"""The development stack, and what `make` runs. An old Python must get far enough to say that it is old."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one must be told, not shown a traceback
    sys.exit(
        "Python 3.11 or newer is needed; this is %s. Name another: make PYTHON=python3.12 …"  # noqa: UP031 - as above
        % sys.version.split()[0]
    )
