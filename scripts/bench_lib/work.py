"""The scenarios, and one run of one of them."""
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import servers
from .columns import CHURN, IDLE, SLOW, TOWN, WHISPER

# What a run may take beyond its warm-up and measuring: logins, the drain, the storm's return.
BEYOND_SECONDS = 120


@dataclass(frozen=True)
class Scenario:
    """A preset of wac-loadgen with its flags, and what is told of it."""
    name: str
    about: str
    preset: str
    columns: tuple
    flags: tuple = ()
    seconds: int = 0  # 0: as --seconds says
    both: bool = False  # measured with one shard, too
    irc_users: int = 0  # fewer users for IRC, where logins cost their square; 0: as many
    headlines: bool = False  # what the preset is for stands in no column


def town(users, rate, both=True):
    # 120,000 deliveries a second each: 1,200 messages in 10 s carry a p99 of fan-out where users are up to 1,000.
    about = f"{users:,} users, {rate:,} messages a second"
    return Scenario(f"town-{users}", about, "town", TOWN, flags(users, rate), both=both)


def flags(users, rate):
    return ("--users", users, "--rate", f"{rate}/s", "--warmup", "2s")


WORK = flags(1000, 120)
OWN = [
    town(100, 1200),
    town(1000, 120),
    town(4000, 30),
    Scenario("idle", "10,000 users, nobody talks", "idle", IDLE, ("--users", 10000), seconds=3),
    Scenario("whisper", "1,000 users, 240 messages a second, half of them whispers", "whisper", WHISPER, flags(1000, 240)),
    Scenario("slow", "1,000 users who keep up, at first alone, then beside 60 who don't", "slow", SLOW, WORK),
    Scenario("churn", "1,000 users, 2 % of them a second leave and come back", "churn", CHURN, WORK, headlines=True),
    Scenario("storm", "1,000 users, half of them dropped at once and back within 3 s", "storm", CHURN,
             (*WORK, "--storm", "at=3s,frac=50%,back=3s"), headlines=True),
]
# Half the rate for twice as long: what is compared is to be the servers, not the queues of a machine that is full.
LIGHT = flags(1000, 60)
PEERS = [
    Scenario("town", "1,000 users, 60 messages a second", "town", TOWN, LIGHT),
    Scenario("idle", "5,000 users, nobody talks; IRC: 2,000", "idle", IDLE, ("--users", 5000), seconds=3, irc_users=2000),
    Scenario("slow", "1,000 users who keep up, at first alone, then beside 60 who don't", "slow", SLOW, LIGHT),
]


@dataclass
class Run:
    """What one run came to. `told` is wac-loadgen's result, none if there is none."""
    server: str
    told: dict = None
    failure: str = ""

    @property
    def trust(self):
        return self.told["verdict"]["trust"].lower() if self.told else "failed"

    @property
    def counts(self):
        """Its figures mean something."""
        return self.trust in ("valid", "suspect") and self.told["latency_ns"] is not None

    def why(self):
        return "; ".join(self.told["verdict"]["reasons"]) if self.told else self.failure

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.told))


def described(scenarios):
    return "\n".join(f"  {one.name:10} {one.about}" for one in scenarios)


def rotated(things, by):
    by %= len(things)
    return things[by:] + things[:by]


def one_run(tools, server, scenario, seconds, label):
    """Starts the server afresh, loads it, stops it."""
    print(f"scripts/bench: {scenario.name}, {label}: {server.name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="wac-bench-") as folder:
        try:
            with servers.running(server, Path(folder)) as (port, pid):
                return Run(server.name, load(tools, server, scenario, seconds, port, pid))
        except servers.Failed as failure:
            return Run(server.name, failure=str(failure))


def load(tools, server, scenario, seconds, port, pid):
    seconds = scenario.seconds or seconds
    words = [tools / "wac-loadgen", scenario.preset, f"127.0.0.1:{port}", "--protocol", server.protocol,
             "--duration", f"{seconds}s", "--server-pid", pid, "--ui", "none", "--json", "-", *scenario.flags, *server.flags]
    if server.irc and scenario.irc_users:
        words[words.index("--users") + 1] = scenario.irc_users
    try:
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds + BEYOND_SECONDS)
    except subprocess.TimeoutExpired:
        raise servers.Failed(f"the run did not end within {seconds + BEYOND_SECONDS} s") from None
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise servers.Failed(f"wac-loadgen ended with {done.returncode}: {said[-1]}") from None
