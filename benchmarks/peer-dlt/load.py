"""dlt loads a project's tasks from a loopback Asana into SQLite, and says what it took.

    python load.py ORIGIN FOLDER WRITE_DISPOSITION WARM_UP_PROJECT PROJECT

What is imported and made beforehand does not count, nor does a first load of another project, which makes the tables.
"""

import json
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": sys.argv[2]}

import dlt
from dlt.destinations import sqlalchemy
from dlt.sources.rest_api import rest_api_source

DATASET = "asana"


def tasks_of(origin: str, project: str, write_disposition: str) -> Any:
    """The rest_api source, set up as its documentation has it for an API with a cursor."""
    return rest_api_source(
        {
            "client": {"base_url": f"{origin}/api/1.0/"},
            "resources": [
                {
                    "name": "tasks",
                    "primary_key": "gid",
                    "write_disposition": write_disposition,
                    # Lists stay JSON in their row, as they do with us: a table of their own would be more work.
                    "max_table_nesting": 0,
                    "endpoint": {
                        "path": "tasks",
                        "params": {"project": project, "limit": 100},
                        "data_selector": "data",
                        "paginator": {
                            "type": "cursor",
                            "cursor_path": "next_page.offset",
                            "cursor_param": "offset",
                        },
                    },
                }
            ],
        }
    )


def main(origin: str, folder: str, write_disposition: str, warm_up: str, project: str) -> None:
    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=folder,
        destination=sqlalchemy(f"sqlite:///{folder}/peer.db"),
        dataset_name=DATASET,
    )
    pipeline.run(tasks_of(origin, warm_up, write_disposition))
    started, processor = time.perf_counter(), time.process_time()
    pipeline.run(tasks_of(origin, project, write_disposition))
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - processor
    with sqlite3.connect(Path(folder) / f"peer__{DATASET}.db") as connection:
        rows = connection.execute("SELECT count(*) FROM tasks").fetchone()[0]
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
