"""`make bench`: all of them, or those that are named, as in `python -m benchmarks refresh`."""

import sys

from benchmarks import refresh, rpc

ALL = {"rpc": rpc.main, "refresh": refresh.main}

for name in sys.argv[1:] or ALL:
    print(f"-- {name}")
    ALL[name]()
