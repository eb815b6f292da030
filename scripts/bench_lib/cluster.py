"""Cluster: what a stream of NATS between the servers of a room costs, in latency and in CPU, beside a plain server in the same rounds."""
import shutil
import socket
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import servers
from .columns import LINES, percentiles
from .record import figure, median, median_of, ratio
from .runs import BEYOND_SECONDS, Run, rotated, say, testing
from .scenarios import closed

RATES = (20, 1_000, 10_000)
# One talks, on the first server; the readers are on the last.
READERS = 3
P50, P99 = percentiles("deliver", "p50", "p99")
FULL = closed("cluster", 100, 16, 256)
SERVES_SECONDS = 60


@dataclass(frozen=True)
class Entrant:
    """A room: its servers, and the brokers between them. Without brokers: a plain server."""
    name: str
    nodes: int
    brokers: int


PLAIN = Entrant("plain", 1, 0)
LATENCY = [PLAIN, Entrant("R1", 2, 1), Entrant("R3", 2, 3)]
SATURATED = [PLAIN, Entrant("1 node", 1, 1), Entrant("2 nodes", 2, 1), Entrant("3 nodes", 3, 1)]


class Cluster:
    name = "cluster"
    about = "the servers of one room, by R1 (one broker) and R3 (three): latency added, lines a second and CPU with 1 to 3 nodes"
    rounds = 3
    seconds = 5

    def measure(self, bench):
        if not shutil.which("nats-server"):
            sys.exit("scripts/bench: not installed: nats-server; to install:\n"
                     "    sudo apt-get install -y --no-install-recommends nats-server")
        bench.record.line(f"brokers: {servers.version_of(['nats-server', '--version'])}, file storage")
        self.latency(bench)
        self.saturation(bench)

    def latency(self, bench):
        rows, remarks = [], {}
        for rate in RATES:
            runs = self.runs(bench, LATENCY, f"{rate:,}/s", lambda room: testing_at(bench.tools, room, rate, bench.seconds_of(self)))
            for column in (P50, P99):
                plain, *others = (median_of(runs[entrant.name], column) for entrant in LATENCY)
                added = [None if None in (plain, other) else other - plain for other in others]
                rows.append((f"{rate:,}/s {column.title.split()[-1]}", map(figure, (plain, *others, *added))))
            remarks |= {f"{rate:,}/s {name}": of_one for name, of_one in runs.items()}
        names = [entrant.name for entrant in LATENCY]
        columns = [*((name, "ms") for name in names), *((f"{name} adds", "ms") for name in names[1:])]
        bench.record.grid(f"cluster: deliver at rates of one sender, {READERS} readers on another node, {bench.seconds_of(self)} s, "
                          f"medians of {bench.rounds_of(self)} rounds", columns, rows)
        for name, of_one in remarks.items():
            bench.record.remarks(name, of_one)

    def saturation(self, bench):
        seconds = bench.seconds_of(self)
        runs = self.runs(bench, SATURATED, "saturated", lambda room: testing(bench.tools, FULL.preset, room.addresses(), FULL.flags, seconds))
        lines = {name: median_of(of_one, LINES) for name, of_one in runs.items()}
        cpu = {name: median(sum(run.told["cpu_us_a_line"].values()) for run in of_one if run.counts) for name, of_one in runs.items()}
        rows = [(name, (figure(lines[name]), ratio(lines[name], lines[PLAIN.name]), figure(cpu[name]), ratio(cpu[name], cpu[PLAIN.name])))
                for name in runs]
        bench.record.grid(f"cluster: {FULL.about}; one broker, {seconds} s, medians of {bench.rounds_of(self)} rounds; CPU of all processes",
                          [("lines", "/s"), ("ratio", ""), ("CPU", "µs a line"), ("ratio", "")], rows)
        for name, of_one in runs.items():
            bench.record.line(f"    {name}, µs CPU a line: {', '.join(each_process(of_one))}")
            bench.record.remarks(name, of_one)

    def runs(self, bench, entrants, label, tester):
        """Runs all rounds of all rooms, in turn; returns the runs of each."""
        runs = {entrant.name: [] for entrant in entrants}
        for number in range(bench.rounds_of(self)):
            for entrant in rotated(entrants, number):
                say(f"{self.name}, {label}, round {number + 1} of {bench.rounds_of(self)}: {entrant.name}")
                runs[entrant.name].append(one_run(bench, entrant, tester, bench.seconds_of(self)))
        return runs


def testing_at(tools, room, rate, seconds):
    """Loads a room at a rate: the sender's server stands once in the list of addresses, and the readers' as often as there are readers."""
    first, last = room.ports[0], room.ports[-1]
    flags = ("--users", 1 + READERS, "--senders", 1, "--rate", f"{rate}/s", "--warmup", "1s")
    return testing(tools, "run", addresses([first, *[last] * READERS]), flags, seconds)


def one_run(bench, entrant, tester, seconds):
    try:
        with room(bench.tools, entrant) as serving:
            before = serving.cpu()
            with tester(serving) as running:
                told = running.result(seconds + BEYOND_SECONDS)
            lines = max(1, told["delivery"]["received"])
            used = {name: 1e6 * (after - before[name]) / lines for name, after in serving.cpu().items()}
            return Run(entrant.name, {**told, "cpu_us_a_line": used})
    except servers.Failed as failure:
        return Run(entrant.name, failure=str(failure))


def each_process(runs):
    """Returns each process's CPU time for each line, with its name: the median of the runs."""
    found = {}
    for run in runs:
        for name, used in (run.told["cpu_us_a_line"] if run.counts else {}).items():
            found.setdefault(name, []).append(used)
    return [f"{name} {figure(median(used))}" for name, used in found.items()]


@dataclass
class Room:
    """A room that is served: the ports of its servers, and all its processes by name."""
    ports: list
    pids: dict

    def addresses(self):
        return addresses(self.ports)

    def cpu(self):
        """Returns the seconds of CPU time that each process has used."""
        # The clock of a process, as clock_getcpuclockid makes it of its id.
        return {name: time.clock_gettime(~pid << 3 | 2) for name, pid in self.pids.items()}


def addresses(ports):
    return ",".join(f"127.0.0.1:{port}" for port in ports)


@contextmanager
def room(tools, entrant):
    """Starts the brokers, then the servers; stops them after the body, the servers first."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wac-bench-")))
        pids = {}

        def start(server):
            port, pids[server.name] = stack.enter_context(servers.running(server, folder))
            return port

        brokers = [start(broker) for broker in all_brokers(entrant.brokers)]
        flags = ("--cluster", addresses(brokers), "--cluster-replicas", entrant.brokers, "--secret", "bench") if brokers else ()
        ports = []
        for number in range(entrant.nodes):
            ports.append(start(servers.wacd(f"node-{number + 1}", tools, *map(str, flags))))
            wait_until_it_serves(ports[-1])
        yield Room(ports, pids)


def all_brokers(count):
    """Returns brokers with JetStream: one alone, or several that keep a stream together."""
    routes = [servers.free_port() for _ in range(count)]
    return [broker(f"broker-{number + 1}", routes[number], routes) for number in range(count)]


def broker(name, route, routes):
    def command(port, folder):
        words = ["nats-server", "-js", "-sd", folder / name, "-a", "127.0.0.1", "-p", port, "--name", name]
        if len(routes) == 1:
            return words
        others = ",".join(f"nats://127.0.0.1:{other}" for other in routes if other != route)
        return [*words, "--cluster_name", "bench", "--cluster", f"nats://127.0.0.1:{route}", "--routes", others]
    return servers.Server(name, "nats", "nats-server", command, "")


def wait_until_it_serves(port):
    """Waits until a server has its room: before, it closes each connection at once."""
    limit = time.monotonic() + SERVES_SECONDS
    while time.monotonic() < limit:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.sendall(b"PING serves\r\n")
                if any(line.startswith(b"PONG") for line in probe.makefile("rb")):
                    return
        except OSError:
            pass  # it closed, or said nothing
        time.sleep(0.05)
    raise servers.Failed(f"a node did not serve the room within {SERVES_SECONDS} s")
