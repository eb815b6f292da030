"""What a chat notices when ten thousand others come at once."""
from dataclasses import dataclass

from . import servers, watch
from .columns import ms
from .crowd import settled, silent
from .people import Observer
from .record import figure, median
from .runs import BEYOND_SECONDS, Run, fresh, load, loading, say

CHATTERS = 100
CROWD = 10_000
SECONDS = 4
CHAT = ("--users", CHATTERS, "--senders", 10, "--rate", "20/s", "--warmup", "1s")
LONGEST = ms("deliver", "max")


@dataclass(frozen=True)
class Round:
    """One chat beside a crowd that is there and silent, one beside the same crowd coming. Times in ms."""
    silent: Run
    coming: Run
    login_seconds: float
    notices: int
    overflows: int

    @property
    def longest(self):
        return tuple(LONGEST(run.told) if run.counts else None for run in (self.silent, self.coming))

    @property
    def times(self):
        silent, coming = self.longest
        return coming / silent if silent and coming else None


class Arrivals:
    name = "arrivals"
    about = f"a chat among {CHATTERS} users, 20 messages a second, while {CROWD:,} others log in as fast as they can"
    rounds = 20

    def measure(self, bench):
        rows, remarks = [], []
        for server in bench.entrants(("wacd",)):
            rounds = []
            for number in range(bench.rounds_of(self)):
                say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {server.name}")
                try:
                    rounds.append(self.round(bench, server))
                except servers.Failed as failure:
                    bench.record.line(f"    {server.name} failed: {failure}")
            if rounds:
                rows.append((server.name, cells(rounds)))
                remarks += [(f"{server.name} silent", [one.silent for one in rounds]), (f"{server.name} coming", [one.coming for one in rounds])]
        columns = [("silent", "ms"), ("coming", "ms"), ("ratio", ""), ("worst ratio", ""), ("all in", "s"), ("notices", "lines most"),
                   ("overflows", "of listen")]
        bench.record.grid(f"{self.name}: {self.about}; the chat's longest delivery, beside the crowd there and silent, and beside it "
                          f"coming, medians of {bench.rounds_of(self)} rounds of {self.seconds(bench)} s each", columns, rows)
        for name, runs in remarks:
            bench.record.remarks(name, runs)

    def round(self, bench, server):
        return Round(self.beside_silent(bench, server), *self.beside_coming(bench, server))

    def beside_silent(self, bench, server):
        with fresh(server) as (port, pid), settled(CROWD, pid, silent(bench, server, CROWD, port, pid)):
            return Run(server.name, load(bench.tools, server, "run", CHAT, self.seconds(bench), port, pid))

    def beside_coming(self, bench, server):
        overflows = watch.listen_overflows()
        with fresh(server) as (port, pid):
            chat = loading(bench.tools, server, "run", CHAT, self.seconds(bench), port, pid)
            with settled(CHATTERS, pid, chat) as chat, Observer(port) as observer:
                observer.say("LIN observer")
                with watch.logins(pid, CROWD) as login_seconds, silent(bench, server, CROWD, port, pid):
                    run = Run(server.name, chat.result(BEYOND_SECONDS))
                return run, login_seconds(), observer.notices, watch.listen_overflows() - overflows

    def seconds(self, bench):
        return bench.duration or SECONDS


def cells(rounds):
    at_rest, coming = (median(one.longest[which] for one in rounds) for which in (0, 1))
    times = [one.times for one in rounds if one.times]
    middle, worst = (f"{figure(median(times))}x", f"{figure(max(times))}x") if times else ("–", "–")
    return [figure(at_rest), figure(coming), middle, worst, figure(median(one.login_seconds for one in rounds)),
            f"{max(one.notices for one in rounds)}", f"{sum(one.overflows for one in rounds)}"]
