"""Abuse: a chat of honest users beside strangers who do one bad thing each, as often as they are let.

Each round runs the chat twice, each time on a new server with its default flags: without the attack and beside it. The attackers run
niced and come from addresses that are not trusted. deeds and bytes are those that the kernels took, whether the server has read them
or flood control holds them back; ended = connections that the server ended or refused. SLOW: the p99 is more than twice the one
without. A run that is invalid because flood control held honest users back has no p99; the reason is below the table."""
from contextlib import ExitStack
from dataclasses import dataclass

from . import attack, servers
from .columns import Column, ms
from .crowd import settled, silent
from .record import JUDGED, figure, judged, median, ratio
from .runs import Run, fresh, load, rotated, say

USERS = (20, 100)
RATE = 1  # messages a second of each honest user: flood control holds none of them back
P99 = Column("deliver p99", "ms", ms("deliver", "p99"))
LIMIT = 2.0
# Attacks of many connections that read the room: what that costs, as many honest listeners cost, too.
FAN_OUT = ("silent", "trickle", "half-lines", "names", "look-alikes", "passwords", "passwords-many", "who", "who-unread", "whispers",
           "whispers-unread", "resets", "long-lines-many", "mix")
# Attacks that keep the cores busy by themselves, at whatever they are aimed: without means beside one that is aimed at another server.
ELSEWHERE = ("quit-blast",)
COLUMNS = [("deeds", "/s"), ("bytes", "KiB/s"), ("connected", "/s"), ("ended", "/s"), ("p99 without", "ms"), ("p99 with", "ms"),
           ("ratio", "median"), ("ratio", "worst")]


@dataclass(frozen=True)
class Round:
    """A chat without an attack and one beside it, and what the attackers did."""
    without: Run
    beside: Run
    did: dict

    @property
    def ratio(self):
        without, beside = self.without.value(P99), self.beside.value(P99)
        return beside / without if without and beside else None

    def a_second(self, what):
        return self.did[what] / self.did["seconds"] if self.did else None


def chosen(parser, names, attacks):
    known = [one.name for one in attacks]
    for name in names:
        if name not in known:
            parser.error(f"no such attack: {name}; there are {', '.join(known)}")
    return [one for one in attacks if not names or one.name in names]


def measure(bench, users, attacks):
    """Runs all rounds of all attacks beside so many honest users, and prints the table."""
    done, rounds, seconds = {one.name: [] for one in attacks}, bench.rounds, bench.seconds
    for number in range(rounds):
        for one in rotated(attacks, number):
            say(f"abuse, {users} users, round {number + 1} of {rounds}: {one.name}")
            done[one.name].append(one_round(bench, one, users, number))
    bench.record.grid(f"abuse: {users} honest users, {users * RATE:g} messages a second, without and beside an attack, {seconds} s each, "
                      f"medians of {rounds} rounds; {', '.join(FAN_OUT)}: without means beside as many honest listeners; {', '.join(ELSEWHERE)}: beside one aimed "
                      "at another server",
                      COLUMNS, [(name, cells(of_one), verdict(of_one)) for name, of_one in done.items()], JUDGED)
    for name, of_one in done.items():
        bench.record.remarks(name, [run for one in of_one for run in (one.without, one.beside)])


def one_round(bench, one, users, number):
    """Runs the chat twice, in alternating order."""
    did = {}
    runs = {"without": lambda: without(bench, one, users), "beside": lambda: beside(bench, one, users, did)}
    ended = {word: runs[word]() for word in rotated(list(runs), number)}
    return Round(ended["without"], ended["beside"], did)


def without(bench, one, users):
    # Many listeners come from several addresses of loopback, which is all trusted here.
    server = attack.at_home(bench.tools)
    try:
        with fresh(server) as (port, pid), ExitStack() as control:
            if one.name in FAN_OUT:
                crowd = silent(bench, server, one.connections, port, pid)
                control.enter_context(settled(one.connections, pid, crowd))
            if one.name in ELSEWHERE:
                elsewhere, _ = control.enter_context(fresh(attack.among_strangers(bench.tools)))
                control.enter_context(attack.attacking(bench.tools, one.name, elsewhere))
            return chat(bench, server, users, port, pid)
    except servers.Failed as failure:
        return Run(server.name, failure=str(failure))


def beside(bench, one, users, did):
    guesses = one.name.startswith("passwords")
    server = attack.with_accounts(bench.tools) if guesses else attack.among_strangers(bench.tools)
    try:
        with fresh(server) as (port, pid), attack.attacking(bench.tools, one.name, port) as told:
            run = chat(bench, server, users, port, pid)
        did.update(told)
        return run
    except servers.Failed as failure:
        return Run(server.name, failure=str(failure))


def chat(bench, server, users, port, pid):
    flags = ("--users", users, "--senders", users, "--rate", f"{users * RATE:g}/s", "--warmup", "2s")
    return Run(server.name, load(bench.tools, server, "run", flags, bench.seconds, port, pid))


def cells(rounds):
    done = [median(one.a_second(what) for one in rounds) for what in ("deeds", "bytes", "connections", "ended")]
    done[1] = None if done[1] is None else done[1] / 1024
    p99s = (median(getattr(one, word).value(P99) for one in rounds) for word in ("without", "beside"))
    ratios = [one.ratio for one in rounds if one.ratio]
    middle, worst = (median(ratios), max(ratios)) if ratios else (None, None)
    return [*map(figure, done), *map(figure, p99s), ratio(middle, 1), ratio(worst, 1)]


def verdict(rounds):
    """Returns the wrong deliveries, the load tester's verdict on the runs beside the attack, and ours."""
    ratios = [one.ratio for one in rounds if one.ratio]
    slow = median(ratios) is None or median(ratios) > LIMIT
    return judged([one.beside for one in rounds]) + ("  SLOW" if slow else "")
