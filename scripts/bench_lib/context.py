"""What every scenario is handed: where the programs are, how often and how long, whom to measure, where to tell."""
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import servers
from .record import Record


@dataclass
class Bench:
    """A call of scripts/bench. `rounds` and `seconds` are none where they are left to the scenario."""
    record: Record
    tools: Path
    rounds: int = None
    seconds: int = None
    usual_seconds: int = 10  # where the scenario does not say either

    def rounds_of(self, scenario):
        return self.rounds or scenario.rounds

    def seconds_of(self, scenario):
        """Seconds of measuring in a run."""
        return self.seconds or scenario.seconds or self.usual_seconds

    def entrants(self, names):
        """The servers of these names that are there."""
        known = {server.name: server for server in (*servers.ours(self.tools), *servers.PEERS)}
        return installed([known[name] for name in names])


def installed(entrants):
    """Those that are there; names the packages of the others."""
    missing = [server for server in entrants if server.package and not shutil.which(server.program)]
    if missing:
        names, packages = ", ".join(s.name for s in missing), " ".join(s.package for s in missing)
        print(f"scripts/bench: not installed, left out: {names}; to install:\n"
              f"    sudo apt-get install -y --no-install-recommends {packages}", file=sys.stderr)
    there = [server for server in entrants if server not in missing]
    return there or sys.exit("scripts/bench: no server is left to measure")
