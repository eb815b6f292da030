"""Beside: the effect of whispers and of WHO on a chat."""
import time
from dataclasses import dataclass

from . import servers
from .columns import Column, ms
from .crowd import settled, silent
from .people import Asker
from .record import figure, median, ratio
from .runs import Run, fresh, load, loading, rotated, say

CHATTERS = 100
OTHERS = 9_900
# Everyone reads the chat: 5 messages a second make 50,000 deliveries.
CHAT = ("--users", CHATTERS, "--senders", 10, "--rate", "5/s", "--warmup", "2s")
WHISPERERS = ("--users", OTHERS, "--senders", 100, "--whispers", "100%", "--rate", "10000/s")
# Extra seconds of whispering, beyond the measured chat: for the logins, the warm-up and the drain.
LONGER_SECONDS = 15
WHO_RATE = 20
P99 = Column("deliver p99", "ms", ms("deliver", "p99"))
COLUMNS = [("alone p99", "ms"), ("beside p99", "ms"), ("ratio", ""), ("whispers", "/s"), ("WHO", "answered/s")]


@dataclass(frozen=True)
class Round:
    """The chat alone and beside the others, with their whispers and answers a second."""
    alone: Run
    beside: Run
    whispers: float
    answers: float


class Beside:
    name = "beside"
    about = (f"10,000 users, a chat among {CHATTERS} of them, 5 messages a second; then the same beside 10,000 whispers and "
             f"{WHO_RATE} WHO a second")
    rounds = 1
    seconds = 20

    def measure(self, bench):
        entrants = bench.entrants(("wacd", "wacd-1"))
        rounds, seconds = {server.name: [] for server in entrants}, bench.seconds_of(self)
        for number in range(bench.rounds_of(self)):
            for server in rotated(entrants, number):
                say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {server.name}")
                try:
                    rounds[server.name].append(Round(alone(bench, server, seconds), *beside(bench, server, seconds)))
                except servers.Failed as failure:
                    bench.record.line(f"    {server.name} failed: {failure}")
        bench.record.grid(f"{self.name}: {self.about}, {seconds} s", COLUMNS,
                          [(name, cells(of_one)) for name, of_one in rounds.items()])
        for name, of_one in rounds.items():
            for word in ("alone", "beside"):
                bench.record.remarks(f"{name} {word}", [getattr(one, word) for one in of_one])


def alone(bench, server, seconds):
    with fresh(server) as (port, pid), settled(OTHERS, pid, silent(bench, server, OTHERS, port, pid)):
        return chat(bench, server, seconds, port, pid)


def beside(bench, server, seconds):
    """Returns the chat's run, whispers a second and answers to WHO a second."""
    with fresh(server) as (port, pid):
        whisperers = loading(bench.tools, server, "run", WHISPERERS, seconds + LONGER_SECONDS, port, pid)
        with settled(OTHERS, pid, whisperers) as whisperers, Asker(port, WHO_RATE) as asker:
            began = time.monotonic()
            run = chat(bench, server, seconds, port, pid)
            answers = asker.answers / (time.monotonic() - began)
            return run, sent_a_second(whisperers.end()), answers


def chat(bench, server, seconds, port, pid):
    return Run(server.name, load(bench.tools, server, "run", CHAT, seconds, port, pid))


def sent_a_second(told):
    seconds = told["timeline"]
    return sum(second["sent"] for second in seconds) / max(1, len(seconds))


def cells(rounds):
    before, after = (median(getattr(one, word).value(P99) for one in rounds) for word in ("alone", "beside"))
    done = (median(getattr(one, word) for one in rounds) for word in ("whispers", "answers"))
    return [figure(before), figure(after), ratio(after, before), *map(figure, done)]
