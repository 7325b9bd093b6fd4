"""`python -m verify.power`: the measured power of checks."""

import sys

from verify.power.measured import main

if __name__ == "__main__":
    sys.exit(main())
