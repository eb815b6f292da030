"""A load tester whose users are there while another one measures."""
import time
from contextlib import contextmanager

from . import servers, watch
from .runs import loading

PATIENCE_SECONDS = 60
# Until the gathered notices of who came have been told.
SETTLED_SECONDS = 1.5
# Longer than any run beside it.
SILENT_SECONDS = 600


def silent(bench, server, users, port, pid):
    """Logs users in as fast as the server takes them; they stay, silent, while the body runs."""
    return loading(bench.tools, server, "idle", ("--users", users), SILENT_SECONDS, port, pid)


@contextmanager
def settled(users, pid, tester):
    """The same, all of them logged in before the body begins."""
    before = watch.open_files(pid)
    with tester as running:
        await_users(pid, users, before)
        yield running


def await_users(pid, count, before):
    """Waits until a server has so many connections more than `before`, and all has become quiet."""
    if not watch.wait_for_connections(pid, count, before, PATIENCE_SECONDS):
        raise servers.Failed(f"{count:,} users did not come within {PATIENCE_SECONDS} s")
    time.sleep(SETTLED_SECONDS)
