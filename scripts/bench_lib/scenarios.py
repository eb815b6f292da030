"""Scenarios made of a preset of wac-loadgen with flags, and a table of its results."""
from dataclasses import dataclass

from .columns import CHURN, FLOOD, IDLE, SLOW, TOWN, WHISPER
from .runs import one_run, rotated

ALONE = ("wacd",)
BOTH = ("wacd", "wacd-1")
FLOORS = ("wacd", "wacd-1", "floor", "batch")


@dataclass(frozen=True)
class Scenario:
    """A preset of wac-loadgen with its flags, and the columns to print."""
    name: str
    about: str
    preset: str
    columns: tuple
    flags: tuple = ()
    seconds: int = 0  # without --seconds; 0: the usual number
    entrants: tuple = ALONE  # except in `peers`, where the user chooses
    irc_users: int = 0  # fewer users for IRC, where the cost of logins is quadratic; 0: the same number
    headlines: bool = False  # the purpose of the preset has no column
    rounds: int = 1

    def users_of(self, server):
        """Returns the number of users."""
        if server.irc and self.irc_users:
            return self.irc_users
        return self.flags[self.flags.index("--users") + 1]

    def flags_of(self, server):
        at = self.flags.index("--users") + 1
        return (*self.flags[:at], self.users_of(server), *self.flags[at + 1:])

    def takes(self, server):
        """Tells whether the server can run this: one that blocks stops with the first stalled reader."""
        return not (server.blocks and "--slow" in self.flags)

    def measure(self, bench):
        """Runs all rounds of all servers, then prints the table."""
        bench.record.table(self, self.runs(bench, bench.entrants(self.entrants)), bench.seconds_of(self))

    def runs(self, bench, entrants):
        """Runs all rounds of all servers, in turn; returns the runs of each."""
        runs = {server.name: [] for server in entrants}
        for number in range(bench.rounds_of(self)):
            for server in rotated(entrants, number):
                label = f"round {number + 1} of {bench.rounds_of(self)}"
                runs[server.name].append(one_run(bench.tools, server, self, bench.seconds_of(self), label))
        return runs


def described(scenarios):
    return "\n".join(f"  {one.name:10} {one.about}" for one in scenarios)


def flags(users, rate):
    return ("--users", users, "--rate", f"{rate}/s", "--warmup", "2s")


def town(users, rate):
    # 120,000 deliveries a second each: 1,200 messages in 10 s suffice for a p99 of fan-out with up to 1,000 users.
    about = f"{users:,} users, {rate:,} messages a second"
    return Scenario(f"town-{users}", about, "town", TOWN, flags(users, rate), entrants=BOTH)


def closed(name, users, senders, in_flight, rate=100_000, **more):
    """A closed loop: the server gets as much as it takes, with a fixed number of messages in flight. `rate` is a number of
    messages a second that it can't take."""
    about = f"{users:,} users, {senders} sender{'s' * (senders > 1)}, {in_flight} in flight: as much as the server takes"
    words = ("--users", users, "--senders", senders, "--in-flight", in_flight, "--rate", f"{rate}/s", "--warmup", "1s")
    return Scenario(name, about, "flood", FLOOD, words, seconds=5, **more)


WORK = flags(1000, 120)
STALLED = ("--slow", "n=50,rate=1kB/s,stopped=10")
SHORT = [
    town(100, 1200),
    town(1000, 120),
    town(4000, 30),
    Scenario("idle", "10,000 users, nobody talks", "idle", IDLE, ("--users", 10000), seconds=3,
             entrants=("wacd", "wacd-1", "floor")),
    Scenario("whisper", "1,000 users, 240 messages a second, half of them whispers", "town", WHISPER,
             (*flags(1000, 240), "--whispers", "50%")),
    Scenario("slow", "1,000 users who keep up, at first alone, then beside 60 who don't", "town", SLOW, (*WORK, *STALLED)),
    Scenario("churn", "1,000 users, 2 % of whom leave and come back each second", "town", CHURN, (*WORK, "--churn", "2%/s"),
             headlines=True),
    Scenario("storm", "1,000 users, half of whom are dropped at once and come back within 3 s", "storm", CHURN,
             (*WORK, "--storm", "at=3s,frac=50%,back=3s"), headlines=True),
]
CLOSED = [
    closed("flood", 1000, 32, 256, entrants=FLOORS),
    closed("busy", 1000, 64, 64, entrants=FLOORS),
    closed("trickle", 1000, 1, 1, entrants=FLOORS),
]
# Half the rate for twice as long, to compare the servers and not the queues of a saturated machine.
LIGHT = flags(1000, 60)
PEERS = [
    Scenario("town", "1,000 users, 60 messages a second", "town", TOWN, LIGHT),
    Scenario("idle", "5,000 users, nobody talks; IRC: 2,000", "idle", IDLE, ("--users", 5000), seconds=3, irc_users=2000),
    Scenario("slow", "1,000 users who keep up, at first alone, then beside 60 who don't", "town", SLOW, (*LIGHT, *STALLED)),
    *CLOSED,
]
