"""Context of a scenario: the programs, the number and length of runs, the servers to measure, and the record."""
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import servers
from .record import Record


@dataclass
class Bench:
    """A call of scripts/bench. `rounds` and `seconds` are None if the scenario decides."""
    record: Record
    tools: Path
    rounds: int = None
    seconds: int = None
    usual_seconds: int = 10  # where the scenario does not say either

    def rounds_of(self, scenario):
        return self.rounds or scenario.rounds

    def seconds_of(self, scenario):
        """Returns the measured seconds of a run."""
        return self.seconds or scenario.seconds or self.usual_seconds

    def entrants(self, names):
        """Returns the installed servers among these names."""
        known = {server.name: server for server in (*servers.ours(self.tools), *servers.PEERS)}
        return installed([known[name] for name in names])


def installed(entrants):
    """Returns the installed ones; names the packages of the others."""
    missing = [server for server in entrants if server.package and not shutil.which(server.program)]
    if missing:
        names, packages = ", ".join(s.name for s in missing), " ".join(s.package for s in missing)
        print(f"scripts/bench: not installed, left out: {names}; to install:\n"
              f"    sudo apt-get install -y --no-install-recommends {packages}", file=sys.stderr)
    there = [server for server in entrants if server not in missing]
    return there or sys.exit("scripts/bench: no server is left to measure")
