"""`make bench`: all of them, or those that are named, as in `make bench ARGS=sync`."""

import sys

from benchmarks import deliveries, files, metrics, refresh, rpc, schedule, sync, transforms, triggers

ALL = {
    "rpc": rpc.main,
    "refresh": refresh.main,
    "sync": sync.main,
    "schedule": schedule.main,
    "files": files.main,
    "deliveries": deliveries.main,
    "metrics": metrics.main,
    "transforms": transforms.main,
    "triggers": triggers.main,
}

for name in sys.argv[1:] or ALL:
    print(f"-- {name}")
    ALL[name]()
