"""`python -m sandbox`: serves the stand-ins, and prints one line of JSON that says where."""

import argparse
import json
import os
import signal
import sys
import threading

from sandbox.kit.messages import PATH as MESSAGES_PATH
from sandbox.stand_ins import Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve stand-ins of the providers.")
    parser.add_argument("--port", type=int, default=8410, help="the first of the ports (default 8410)")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input closes")
    arguments = parser.parse_args()
    sandbox = Sandbox(arguments.port)
    if arguments.watch_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    client = sandbox.hosting.urls["client"]
    announcement = {
        "client": {"url": client, "redirectUri": f"{client}/integrations/callback"},
        "providers": sandbox.hosting.announcement(),
        "messages": {
            slug: f"{sandbox.hosting.urls[stand_in.slug]}{MESSAGES_PATH}.html"
            for slug, stand_in in (("slack", sandbox.slack), ("teams", sandbox.microsoft), ("discord", sandbox.discord))
        },
    }
    sys.stdout.write(json.dumps(announcement) + "\n")
    sys.stdout.flush()
    sandbox.hosting.run()


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
