"""What readers that have stopped cost those who read, and the machine."""
from dataclasses import dataclass

from . import servers, watch
from .columns import lines
from .record import JUDGED, figure, judged, median, median_of, ratio
from .runs import Run, fresh, load, rotated, say

USERS = 1000
STALLED = 500
FLAGS = ("--users", USERS, "--senders", 32, "--in-flight", 256, "--warmup", "2s", "--slow", f"n=0,stopped={STALLED}")
LOOKS_SECONDS = 0.05
# A stalled reader is two sockets of this machine, its own and the server's.
HALF_CAME = STALLED


@dataclass(frozen=True)
class Growth:
    """What the stalled readers took at most, in KiB for each of them; none if they did not come."""
    memory: float = None
    sockets: float = None


class Stalled:
    name = "stalled"
    about = f"a flood among {USERS:,} users, at first alone, then beside {STALLED} readers that stopped"
    rounds = 1

    def measure(self, bench):
        entrants = bench.entrants(("wacd", "redis", "nats"))
        runs = {server.name: [] for server in entrants}
        for number in range(bench.rounds_of(self)):
            for server in rotated(entrants, number):
                say(f"{self.name}: {server.name}")
                runs[server.name].append(self.run(bench, server))
        columns = [("alone", "lines/s"), ("beside", "lines/s"), ("ratio", ""), ("server", "KiB each"), ("sockets", "KiB each")]
        bench.record.grid(f"{self.name}: {self.about}, {bench.seconds} s each; growth of the server's resident memory and of "
                          "socket memory at both ends, for each stalled reader", columns,
                          [(name, cells(of_one), judged([run for run, _ in of_one])) for name, of_one in runs.items()], JUDGED)
        for name, of_one in runs.items():
            bench.record.remarks(name, [run for run, _ in of_one])

    def run(self, bench, server):
        try:
            with fresh(server) as (port, pid), watch.every(LOOKS_SECONDS, lambda: (*watch.tcp(), watch.resident_bytes(pid))) as seen:
                told = load(bench.tools, server, "flood", FLAGS, 2 * bench.seconds, port, pid)
                return Run(server.name, told), growth(seen)
        except servers.Failed as failure:
            return Run(server.name, failure=str(failure)), Growth()


def cells(of_one):
    runs, grown = zip(*of_one)
    alone, beside = (median_of(runs, column) for column in (lines("without"), lines("with")))
    memory, sockets = (median(getattr(one, field) for one in grown) for field in ("memory", "sockets"))
    return [figure(alone), figure(beside), ratio(beside, alone), figure(memory), figure(sockets)]


def growth(seen):
    """The most that was seen once the stalled were there, above the most before, in the flood without them."""
    full = max((inuse for inuse, *_ in seen), default=0)
    came = next((at for at, (inuse, *_) in enumerate(seen) if inuse > full - HALF_CAME), len(seen))
    before, after = seen[:came], seen[came:]
    if not before or not after:
        return Growth()
    sockets, memory = (max(one[field] for one in after) - max(one[field] for one in before) for field in (1, 2))
    return Growth(memory / STALLED / 1024, sockets / STALLED / 1024)
