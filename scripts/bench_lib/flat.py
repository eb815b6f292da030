"""Flatness: the cost of a delivery over the number of users."""
from .columns import CPU
from .record import figure, median_of, ratio
from .runs import one_run, rotated
from .scenarios import closed

# The load tester and the server can hold no more with 20,000 open files a process, the usual hard limit.
USERS = (10, 100, 1_000, 10_000, 19_000)
SERVERS = ("wacd-1", "floor")


class Flat:
    name = "flat"
    about = f"one message in flight among {USERS[0]} to {USERS[-1]:,} users: CPU a delivery over the floor's"
    rounds = 1
    seconds = 10  # with 19,000 users a message takes a fifth of a second

    def measure(self, bench):
        """Sends one message at a time: no lines can be batched, so the difference is the server's own work."""
        entrants = bench.entrants(SERVERS)
        rows, remarks, seconds = [], [], bench.seconds_of(self)
        for users in USERS:
            scenario = closed(self.name, users, 1, 1, rounds=self.rounds)
            runs = {name: [] for name in SERVERS}
            for number in range(bench.rounds_of(self)):
                for server in rotated(entrants, number):
                    runs[server.name].append(one_run(bench.tools, server, scenario, seconds, f"{users:,} users"))
            ours, floor = (median_of(runs[name], CPU) for name in SERVERS)
            rows.append((f"{users:,}", (figure(ours), figure(floor), ratio(ours, floor))))
            remarks += [(f"{users:,} {name}", of_one) for name, of_one in runs.items()]
        columns = [*((name, CPU.unit) for name in SERVERS), ("ratio", "")]
        bench.record.grid(f"{self.name}: {self.about}, {seconds} s", columns, rows)
        for name, of_one in remarks:
            bench.record.remarks(name, of_one)
