"""Crowd: a load tester whose users are logged in while another one measures."""
import time
from contextlib import contextmanager

from . import servers, watch
from .runs import loading

PATIENCE_SECONDS = 60
# Seconds until the gathered notices of the logins have been sent.
SETTLED_SECONDS = 1.5
# Seconds: longer than any run beside it.
SILENT_SECONDS = 600


def silent(bench, server, users, port, pid):
    """Logs users in as fast as the server takes them; they stay, silent, while the body runs."""
    return loading(bench.tools, server, "idle", ("--users", users), SILENT_SECONDS, port, pid)


@contextmanager
def settled(users, pid, tester):
    """Logs all users in before the body begins; they stay, silent, while it runs."""
    before = watch.open_files(pid)
    with tester as running:
        await_users(pid, users, before)
        yield running


def await_users(pid, count, before):
    """Waits until a server has gained the expected connections over `before`, and all is quiet."""
    if not watch.wait_for_connections(pid, count, before, PATIENCE_SECONDS):
        raise servers.Failed(f"{count:,} users did not connect within {PATIENCE_SECONDS} s")
    time.sleep(SETTLED_SECONDS)
