"""Resume: the effect on a chat of ten thousand who come back at once, each with a mark, beside the same without marks."""
import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from . import servers, watch
from .columns import Column, ms
from .crowd import settled
from .record import figure, median, ratio
from .runs import BEYOND_SECONDS, Run, fresh, loading, rotated, say

CHATTERS = 100
CROWD = 10_000
LINES = 1_000
CHAT = ("--users", CHATTERS, "--senders", 10, "--rate", "20/s")
LONGEST = Column("longest", "ms", ms("deliver", "max"))
P99 = Column("p99", "ms", ms("deliver", "p99"))
LOOKS_SECONDS = 0.02
PATIENCE_SECONDS = 60
# The users come back with nothing, or with marks: the words of loadgen/examples/returning.rs.
WAYS = ("nothing", "marks")
COLUMNS = [("longest", "ms"), ("p99", "ms"), ("memory", "MiB"), ("all back", "s"), ("caught up", "s"), ("whole", "replays"),
           ("lines", "replayed")]


@dataclass(frozen=True)
class Return:
    """A chat beside the crowd that comes back; `memory` is the server's peak in bytes, `crowd` what the crowd got."""
    run: Run
    memory: int
    crowd: dict


class Resume:
    name = "resume"
    about = (f"a chat among {CHATTERS} users, 20 messages a second, while {CROWD:,} others come back at once: each with a mark "
             f"{LINES:,} lines old, and without")
    rounds = 5
    seconds = 20  # longer than the crowd takes to read what it missed

    def measure(self, bench):
        seconds = bench.seconds_of(self)
        [server] = bench.entrants(("wacd",))
        done = {way: [] for way in WAYS}
        for number in range(bench.rounds_of(self)):
            for way in rotated(list(WAYS), number):
                say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {server.name}, with {way}")
                try:
                    done[way].append(one_return(bench, server, seconds, way))
                except servers.Failed as failure:
                    bench.record.line(f"    round {number + 1} with {way} failed: {failure}")
        if not all(done.values()):
            return
        title = f"{self.name}: {self.about}; medians of {bench.rounds_of(self)} rounds of {seconds} s each"
        bench.record.grid(title, COLUMNS, [*((f"with {way}", cells(of_one)) for way, of_one in done.items()), compared(done)])
        for way, of_one in done.items():
            bench.record.remarks(f"with {way}", [one.run for one in of_one])


def one_return(bench, server, seconds, way):
    with fresh(server) as (port, pid), returning(bench.tools, port, way) as crowd:
        with settled(CHATTERS, pid, loading(bench.tools, server, "run", CHAT, seconds, port, pid)) as chat:
            with watch.every(LOOKS_SECONDS, lambda: watch.resident_bytes(pid)) as memory:
                crowd.go()
                run = Run(server.name, chat.result(seconds + BEYOND_SECONDS))
        return Return(run, max(memory), crowd.end())


@contextmanager
def returning(tools, port, way):
    """Has a past made, and a crowd ready to come back to it, in a niced program."""
    words = ["nice", "-n", "10", tools / "examples" / "returning", f"127.0.0.1:{port}", CROWD, LINES, way]
    process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise servers.Failed("the crowd was not ready to come back")
        yield Crowd(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


class Crowd:
    """A crowd that is ready to come back."""

    def __init__(self, process):
        self.process = process

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        """Lets it leave; returns what it got."""
        try:
            return json.loads(self.process.communicate(timeout=PATIENCE_SECONDS)[0])
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            raise servers.Failed("the crowd did not say what it got") from None


def cells(returns):
    times = (median(one.run.value(column) for one in returns) for column in (LONGEST, P99))
    memory = median(one.memory for one in returns) / 2**20
    got = (median(one.crowd[word] for one in returns) for word in ("back_seconds", "caught_up_seconds"))
    counts = (sum(one.crowd[word] for one in returns) for word in ("whole", "lines"))
    return [*map(figure, times), figure(memory), *map(figure, got), *(f"{count:,}" for count in counts)]


def compared(done):
    """Returns the row of ratios, and what marks add to the memory."""
    nothing, marks = (done[way] for way in WAYS)
    ratios = (ratio(*(median(one.run.value(column) for one in side) for side in (marks, nothing))) for column in (LONGEST, P99))
    added = (median(one.memory for one in marks) - median(one.memory for one in nothing)) / 2**20
    return "ratio", [*ratios, f"{added:+.2f}"]
