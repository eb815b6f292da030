"""Arrivals: the effect of ten thousand simultaneous logins on a chat."""
from dataclasses import dataclass

from . import servers, watch
from .columns import Column, ms
from .crowd import settled, silent
from .people import Observer
from .record import figure, median
from .runs import BEYOND_SECONDS, Run, fresh, load, loading, say

CHATTERS = 100
CROWD = 10_000
CHAT = ("--users", CHATTERS, "--senders", 10, "--rate", "20/s", "--warmup", "1s")
LONGEST = Column("longest", "ms", ms("deliver", "max"))
COLUMNS = [("there", "ms"), ("coming", "ms"), ("ratio", ""), ("worst ratio", ""), ("all in", "s"), ("notices", "most lines"),
           ("overflows", "of listen")]


@dataclass(frozen=True)
class Round:
    """A chat beside a crowd already logged in, and one beside the same crowd arriving; the other figures are of the second."""
    there: Run
    coming: Run
    login_seconds: float
    notices: int  # received by a reader who was there before
    overflows: int

    @property
    def ratio(self):
        """Returns the ratio of the longest deliveries."""
        there, coming = self.there.value(LONGEST), self.coming.value(LONGEST)
        return coming / there if there and coming else None


class Arrivals:
    name = "arrivals"
    about = f"a chat among {CHATTERS} users, 20 messages a second, while {CROWD:,} others log in as fast as they can"
    rounds = 20
    seconds = 4

    def measure(self, bench):
        seconds = bench.seconds_of(self)
        [server] = bench.entrants(("wacd",))
        rounds = []
        for number in range(bench.rounds_of(self)):
            say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {server.name}")
            try:
                rounds.append(Round(beside_there(bench, server, seconds), *beside_coming(bench, server, seconds)))
            except servers.Failed as failure:
                bench.record.line(f"    round {number + 1} failed: {failure}")
        if not rounds:
            return
        title = (f"{self.name}: {self.about}; the chat's longest delivery beside the silent crowd and beside the arriving "
                 f"crowd, medians of {len(rounds)} rounds of {seconds} s each")
        bench.record.grid(title, COLUMNS, [(server.name, cells(rounds))])
        for word in ("there", "coming"):
            bench.record.remarks(word, [getattr(one, word) for one in rounds])


def beside_there(bench, server, seconds):
    with fresh(server) as (port, pid), settled(CROWD, pid, silent(bench, server, CROWD, port, pid)):
        return Run(server.name, load(bench.tools, server, "run", CHAT, seconds, port, pid))


def beside_coming(bench, server, seconds):
    """Returns the chat's run, the time of the logins, the notices, and the overflows of the listener's queue."""
    overflows = watch.listen_overflows()
    with fresh(server) as (port, pid):
        chat = loading(bench.tools, server, "run", CHAT, seconds, port, pid)
        with settled(CHATTERS, pid, chat) as chat, Observer(port) as observer:
            observer.say("LIN observer")
            with watch.logins(pid, CROWD) as login_seconds, silent(bench, server, CROWD, port, pid):
                run = Run(server.name, chat.result(BEYOND_SECONDS))
            return run, login_seconds(), observer.notices, watch.listen_overflows() - overflows


def cells(rounds):
    longest = (median(getattr(one, word).value(LONGEST) for one in rounds) for word in ("there", "coming"))
    ratios = [one.ratio for one in rounds if one.ratio]
    times = (f"{figure(middle)}x" for middle in ((median(ratios), max(ratios)) if ratios else (None, None)))
    return [*map(figure, longest), *times, figure(median(one.login_seconds for one in rounds)),
            f"{max(one.notices for one in rounds)}", f"{sum(one.overflows for one in rounds)}"]
