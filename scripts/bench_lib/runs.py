"""Runs of wac-loadgen against a server, one or several at once."""
import json
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import servers, watch

# Seconds that a run may take beyond its warm-up and measuring: logins, the drain, the storm's return.
BEYOND_SECONDS = 120


@dataclass
class Run:
    """The outcome of a run. `told` is wac-loadgen's result, or None."""
    server: str
    told: dict = None
    failure: str = ""

    @property
    def trust(self):
        return self.told["verdict"]["trust"].lower() if self.told else "failed"

    @property
    def counts(self):
        """Tells whether its figures are valid."""
        return self.trust in ("valid", "suspect") and bool(self.told["latency_ns"] or self.told.get("throughput"))

    def why(self):
        return "; ".join(self.told["verdict"]["reasons"]) if self.told else self.failure

    def value(self, column):
        """Returns a column's figure, None if the run is invalid or does not report it."""
        return column.value(self.told) if self.counts else None

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.told))


def rotated(things, by):
    by %= len(things)
    return things[by:] + things[:by]


def say(text):
    print(f"scripts/bench: {text}", file=sys.stderr, flush=True)


@contextmanager
def fresh(server):
    """Starts a server in a folder of its own, yields its port and process id, and stops it."""
    with tempfile.TemporaryDirectory(prefix="wac-bench-") as folder:
        with servers.running(server, Path(folder)) as (port, pid):
            yield port, pid


def one_run(tools, server, scenario, seconds, label):
    """Starts a new server, loads it, and stops it."""
    say(f"{scenario.name}, {label}: {server.name}")
    try:
        with fresh(server) as (port, pid), watch.logins(pid, scenario.users_of(server)) as login_seconds:
            told = load(tools, server, scenario.preset, scenario.flags_of(server), seconds, port, pid)
            return Run(server.name, {**told, "login_seconds": login_seconds()})
    except servers.Failed as failure:
        return Run(server.name, failure=str(failure))


def load(tools, server, preset, flags, seconds, port, pid):
    """Runs wac-loadgen to its end; returns its result."""
    with loading(tools, server, preset, flags, seconds, port, pid) as tester:
        return tester.result(seconds + BEYOND_SECONDS)


@contextmanager
def loading(tools, server, preset, flags, seconds, port, pid):
    """Runs a load tester while the body runs, and ends it afterwards."""
    flags = ("--protocol", server.protocol, "--server-pid", pid, *flags, *server.flags)
    with testing(tools, preset, f"127.0.0.1:{port}", flags, seconds) as tester:
        yield tester


@contextmanager
def testing(tools, preset, addresses, flags, seconds):
    """The same at addresses of a room, with all flags given."""
    words = [tools / "wac-loadgen", preset, addresses, "--duration", f"{seconds}s", "--ui", "none", "--json", "-", *flags]
    tester = Tester([str(word) for word in words])
    try:
        yield tester
    finally:
        tester.kill()


class Tester:
    """A running wac-loadgen."""

    def __init__(self, words):
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self):
        """Ends it early, as Ctrl-C does: it drains and reports."""
        self.process.send_signal(signal.SIGINT)
        return self.result(BEYOND_SECONDS)

    def result(self, patience):
        try:
            out, err = self.process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            raise servers.Failed(f"the run did not end within {patience} s") from None
        try:
            return json.loads(out)
        except json.JSONDecodeError:
            said = err.strip().splitlines() or ["it printed nothing"]
            raise servers.Failed(f"wac-loadgen ended with {self.process.returncode}: {said[-1]}") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
