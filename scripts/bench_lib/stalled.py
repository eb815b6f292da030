"""Stalled readers: their cost to active readers and to the machine."""
from dataclasses import dataclass

from . import servers, watch
from .columns import LINES
from .people import stopped
from .record import JUDGED, figure, judged, median, median_of, ratio
from .runs import Run, fresh, load, rotated, say

USERS = 1000
STALLED = 500
FLAGS = ("--users", USERS, "--senders", 32, "--in-flight", 256)
LOOKS_SECONDS = 0.05


@dataclass(frozen=True)
class Round:
    """Two floods on one server, the second beside stalled readers; the growth in bytes is the sum over these, None if a run failed."""
    alone: Run
    beside: Run
    memory: int = None
    sockets: int = None


class Stalled:
    name = "stalled"
    about = f"a flood among {USERS:,} users, then the same beside {STALLED} stalled readers"
    rounds = 1
    seconds = 10  # long enough for the memory kept for each to stand out from the socket buffers

    def measure(self, bench):
        entrants = bench.entrants(("wacd", "redis", "nats"))
        rounds, seconds = {server.name: [] for server in entrants}, bench.seconds_of(self)
        for number in range(bench.rounds_of(self)):
            for server in rotated(entrants, number):
                say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {server.name}")
                rounds[server.name].append(one_round(bench, server, seconds))
        columns = [("alone", "lines/s"), ("beside", "lines/s"), ("ratio", ""), ("server", "KiB each"), ("sockets", "KiB each")]
        bench.record.grid(f"{self.name}: {self.about}, {seconds} s each; growth of the server's resident memory and of "
                          "socket memory at both ends, for each stalled reader", columns,
                          [(name, cells(of_one), judged(runs_of(of_one))) for name, of_one in rounds.items()], JUDGED)
        for name, of_one in rounds.items():
            bench.record.remarks(name, runs_of(of_one))


def one_round(bench, server, seconds):
    try:
        with fresh(server) as (port, pid):
            alone, memory, sockets = flood(bench, server, seconds, port, pid)
            with stopped(server.protocol, port, STALLED):
                beside, more_memory, more_sockets = flood(bench, server, seconds, port, pid)
            return Round(alone, beside, more_memory - memory, more_sockets - sockets)
    except servers.Failed as failure:
        failed = Run(server.name, failure=str(failure))
        return Round(failed, failed)


def flood(bench, server, seconds, port, pid):
    """Returns a run, and its peaks of the server's memory and of all socket buffers."""
    with watch.every(LOOKS_SECONDS, lambda: (watch.resident_bytes(pid), watch.tcp_bytes())) as seen:
        run = Run(server.name, load(bench.tools, server, "flood", FLAGS, seconds, port, pid))
    return run, *map(max, zip(*seen))


def cells(rounds):
    alone, beside = (median_of(runs, LINES) for runs in ([one.alone for one in rounds], [one.beside for one in rounds]))
    grown = (median(getattr(one, field) for one in rounds) for field in ("memory", "sockets"))
    return [figure(alone), figure(beside), ratio(beside, alone), *(figure(each(total)) for total in grown)]


def each(total):
    return None if total is None else total / STALLED / 1024


def runs_of(rounds):
    return [run for one in rounds for run in (one.alone, one.beside)]
