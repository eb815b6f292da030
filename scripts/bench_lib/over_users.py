"""Lines a second and CPU a line over the number of users."""
from .columns import FLOOD
from .record import figure, median_of
from .runs import one_run, rotated
from .scenarios import closed

SERVERS = ("wacd-1", "redis", "nats", "inspircd")
USERS = (10, 100, 1_000, 5_000, 10_000)
IRC_USERS = (10, 100, 1_000, 2_000)  # the cost of logins is quadratic
IN_FLIGHT = 256


def measure(bench, names, users):
    """Measures all points and prints tables of them."""
    entrants = bench.entrants(names)
    runs = {}
    for count in sorted({*users, *(IRC_USERS if any(server.irc for server in entrants) else ())}):
        scenario = closed("over-users", count, min(32, count // 10), IN_FLIGHT, rate=rate(count))
        there = [server for server in entrants if count in (IRC_USERS if server.irc else users)]
        for number in range(bench.rounds):
            for server in rotated(there, number):
                label = f"{count:,} users, round {number + 1} of {bench.rounds}"
                run = one_run(bench.tools, server, scenario, bench.seconds, label)
                runs.setdefault((server.name, count), []).append(run)
    tell(bench, runs, {column: of_column(column, entrants, runs) for column in FLOOD})


def rate(users):
    """Returns messages a second that no server can take: 50 million lines, within the longest schedule of wac-loadgen."""
    return max(100_000, min(1_000_000, 50_000_000 // users))


def of_column(column, entrants, runs):
    found = {server.name: [] for server in entrants}
    for (name, count), of_one in runs.items():
        value = median_of(of_one, column)
        if value is not None:
            found[name].append((count, value))
    return found


def tell(bench, runs, points):
    counts = sorted({count for _, count in runs})
    for column, of_servers in points.items():
        rows = [(name, [figure(dict(found).get(count)) for count in counts]) for name, found in of_servers.items()]
        bench.record.grid(f"over-users: {column.title}, {IN_FLIGHT} messages in flight, {bench.seconds} s",
                          [(f"{count:,}", column.unit) for count in counts], rows)
    for (name, count), of_one in runs.items():
        bench.record.remarks(f"{name} {count:,}", of_one)
