"""System calls of the server: for each delivered line of a flood, and while nothing happens."""
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import servers, watch
from .crowd import settled, silent
from .people import Observer
from .record import figure
from .runs import fresh, loading, say

USERS = 1000
FLAGS = ("--users", USERS, "--senders", 32, "--in-flight", 256)
# Seconds until the flood is in full swing.
LEAD_SECONDS = 1.5
SILENT_USERS = 100
IDLE_SECONDS = 5
# strace itself interrupts the calls in which a process rests, when it attaches and when it detaches.
MARGIN_SECONDS = 0.5
# Seconds until the server is done with the connections that probed it: a closed connection lingers for 2 s, and the
# watchdog sleeps once all shards have rested for 6 s.
QUIET_SECONDS = 9
KINDS = {
    "sends": {"sendto", "sendmsg", "writev"},
    "reads": {"recvfrom", "recvmsg", "read", "readv"},
    "epoll_waits": {"epoll_wait", "epoll_pwait", "epoll_pwait2"},
    "futex": {"futex"},
    "eventfd": {"write"},  # sockets are not written to but sent to
}


class Syscalls:
    name = "syscalls"
    about = f"system calls for each delivered line of a flood among {USERS:,} users, and of an idle server"
    rounds = 1
    seconds = 5

    def measure(self, bench):
        if not shutil.which("strace"):
            bench.record.line(f"\n{self.name}: left out, strace is not installed: sudo apt-get install -y strace")
            return
        seconds = bench.seconds_of(self)
        floods = [self.row(bench, server, lambda *of: flooded(*of, seconds)) for server in bench.entrants(("wacd", "wacd-1", "batch"))]
        columns = [*((kind, "") for kind in (*KINDS, "all")), ("lines", "/s")]
        title = f"{self.name}: for 1,000 delivered lines, in a flood among {USERS:,} users, 256 in flight, under strace for {seconds} s"
        bench.record.grid(title, columns, floods)
        idle = [self.row(bench, server, idled) for server in bench.entrants(("wacd", "wacd-1"))]
        bench.record.grid(f"{self.name}: nothing happens for {IDLE_SECONDS} s",
                          [("nobody", "calls"), (f"{SILENT_USERS} silent", "calls")], idle)

    def row(self, bench, server, measured):
        say(f"{self.name}: {server.name}")
        try:
            return server.name, measured(bench, server)
        except servers.Failed as failure:
            return f"{server.name} failed: {failure}", ()


def flooded(bench, server, seconds):
    """Returns the calls of each kind, and of all, for 1,000 lines, and the lines a second."""
    with fresh(server) as (port, pid):
        flood = loading(bench.tools, server, "flood", FLAGS, seconds + 2 * LEAD_SECONDS, port, pid)
        with settled(USERS, pid, flood), Observer(port) as observer:
            time.sleep(LEAD_SECONDS)
            with traced(pid, "-c") as told:
                before, began = observer.lines, time.monotonic()
                time.sleep(seconds)
                # Everyone but its sender reads a message; so does the observer.
                lines, lasted = (observer.lines - before) * USERS, time.monotonic() - began
    if not lines:
        raise servers.Failed("nothing was delivered under strace")
    calls = counted(told())
    of_kinds = [sum(calls.get(name, 0) for name in names) for names in KINDS.values()]
    return [*(figure(1000 * count / lines) for count in (*of_kinds, sum(calls.values()))), figure(lines / lasted)]


def idled(bench, server):
    """Counts calls with nobody connected, and with silent users."""
    with fresh(server) as (port, pid):
        nobody = calls_at_rest(pid)
        with settled(SILENT_USERS, pid, silent(bench, server, SILENT_USERS, port, pid)):
            return [str(nobody), str(calls_at_rest(pid))]


def calls_at_rest(pid):
    time.sleep(QUIET_SECONDS)
    with traced(pid, "-ttt") as told:
        time.sleep(MARGIN_SECONDS)
        began = time.time()
        time.sleep(IDLE_SECONDS)
        ended = time.time()
        time.sleep(MARGIN_SECONDS)
    times = (float(line.split()[1]) for line in told().splitlines())
    return sum(began <= at <= ended for at in times)


@contextmanager
def traced(pid, *flags):
    """Traces all threads of a process with strace while the body runs; yields a function that returns the counts afterwards."""
    with tempfile.TemporaryDirectory(prefix="wac-bench-") as folder:
        file = Path(folder, "strace")
        strace = subprocess.Popen(["strace", "-f", *flags, "-o", file, "-p", str(pid)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            # It reports that it has attached, or why it can't.
            if "attached" not in (said := strace.stderr.readline()):
                raise servers.Failed(said.strip())
            text = []
            yield lambda: text[0]
            strace.send_signal(signal.SIGINT)
            strace.communicate(timeout=servers.STOP_SECONDS)
            text.append(file.read_text())
        finally:
            strace.kill()
            strace.communicate()


def counted(table):
    """Reads the output of strace -c; returns calls by name."""
    rows = (line.split() for line in table.splitlines())
    # % time, seconds, µs a call, calls, errors if there are any, name.
    return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit() and row[-1] != "total"}
