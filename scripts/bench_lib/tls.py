"""TLS: what it costs the server, beside plain text in the same rounds, and the least that sealing can cost."""
import json
import subprocess
from pathlib import Path

from . import servers
from .columns import CPU, LINES, MEMORY
from .record import figure, median_of, ratio
from .runs import one_run, rotated
from .scenarios import IDLE, Scenario, closed

PLAIN, TLS = "wacd", "wacd-tls"


class Tls:
    name = "tls"
    about = "1,000 users, 64 senders, 64 in flight, and 5,000 idle users: over TLS beside plain text"
    rounds = 5
    seconds = 5

    def measure(self, bench):
        entrants = [servers.wacd(PLAIN, bench.tools), over_tls(bench.tools)]
        busy, idle = closed("busy", 1000, 64, 64), Scenario("idle", "5,000 users, nobody talks", "idle", IDLE, ("--users", 5000), seconds=3)
        rows, remarks = [], []
        for scenario, columns in ((busy, (LINES, CPU)), (idle, (MEMORY,))):
            runs = {server.name: [] for server in entrants}
            for number in range(bench.rounds_of(self)):
                for server in rotated(entrants, number):
                    runs[server.name].append(one_run(bench.tools, server, scenario, bench.seconds_of(self), f"round {number + 1}"))
            for column in columns:
                tls, plain = (median_of(runs[name], column) for name in (TLS, PLAIN))
                rows.append((f"{scenario.name}: {column.title}, {column.unit}", (figure(plain), figure(tls), ratio(tls, plain))))
            remarks += runs.items()
        bench.record.grid(f"{self.name}: {self.about}, medians of {bench.rounds_of(self)} rounds", [("plain", ""), ("TLS", ""), ("ratio", "")], rows)
        bench.record.line(f"    sealing alone, ns a line of 75 bytes by lines a record (server/examples/seal.rs): {sealing(bench.tools)}")
        for name, of_one in remarks:
            bench.record.remarks(name, of_one)


def over_tls(tools):
    """Returns the server of this build, which speaks TLS with a certificate of its own."""
    def command(port, folder):
        cert = Path(folder) / "cert.pem"
        subprocess.run([tools / "wacd", "cert", "--tls-cert", cert], stdout=subprocess.DEVNULL, check=True)
        return [tools / "wacd", "--listen", f"tls:127.0.0.1:{port}", "--tls-cert", cert, "--flood-rate", "0", "--log-level", "warn"]
    return servers.Server(TLS, "wac", str(tools / "wacd"), command, "over TLS", flags=("--tls",))


def sealing(tools):
    told = subprocess.run([tools / "examples" / "seal"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return ", ".join(f"{lines}: {nanos:.1f}" for lines, nanos in json.loads(told))
