"""Client at full length: the results of its tests, and its cost.

  scripts/bench client                  all of it, five minutes
  scripts/bench client C1 C5 figures    these

{tests}
  figures  {figures}

C1 to C9 are tests of scripts/test (tests/client), run here with release builds, one at a time, at the length given above.
A failed test is printed with its output. Exit code 7: a test failed, or a figure is above its limit."""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .record import Record, figure
from .runs import say

ROOT = Path(__file__).resolve().parents[2]
CARGO = ("cargo", "test", "--release", "--locked", "--quiet", "--package", "wac-tests", "--test", "client")
TOLD = re.compile(r"told: (\w+) (\S+)")
PASSED = re.compile(r"test result: ok\. [1-9]\d* passed")
FAILED = 7  # the exit code, as of `scripts/bench ab`


@dataclass(frozen=True)
class Part:
    """A part: the tests whose names share a beginning."""
    name: str
    about: str
    tests: tuple
    patience: int = 120  # seconds until it is killed; each wait of a test gives up after 30 s


@dataclass(frozen=True)
class Wanted:
    """A figure, its name in the tests, and its limit."""
    name: str
    told: str
    unit: str
    most: float
    about: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a part."""
    part: Part
    passed: bool
    told: dict  # of each word, the sum of the amounts that its tests reported
    seconds: float
    output: str


HELD = (
    Part("C1", "200 keys typed in 30 s while 2,000 lines a second arrive", ("typing::",)),
    Part("C2", "60 s in Ctrl-R, and 60 s after Tab, at 5,000 lines a second", ("ctrl_r::",), 300),
    Part("C3", "a paste of 14 lines, answered with no and with yes", ("paste::",)),
    Part("C4", "hostile lines, on a terminal and in a pipe", ("hostile::", "pipe::output_contains")),
    Part("C5", "the server stopped, killed, started again", ("comes_back::",), 240),
    Part("C6", "the terminal resized while a line is typed", ("resize::",)),
    Part("C7", "signals, and an output that nobody reads", ("signals::", "pipe::signals", "pipe::a_closed_output", "pipe::an_output")),
    Part("C8", "send --confirm, the server killed before and after it", ("send::",)),
    Part("C9", "no colour and no escape byte where none belongs", ("look::without_colours", "uncoloured::", "plain::")),
)
MEASURED = Part("figures", "30 starts; then 1,000 keys typed in 30 s while 2,000 lines a second arrive", ("measured::",))
WANTED = (
    Wanted("start p50", "start_p50_ms", "ms", 50, "from before the process exists until the user can type"),
    Wanted("start max", "start_max_ms", "ms", 50, "the slowest of them"),
    Wanted("echo p50", "echo_p50_ms", "ms", 50, "from a key press until it is visible, while lines arrive"),
    Wanted("echo p99", "echo_p99_ms", "ms", 50, "only one in a hundred is slower"),
    Wanted("memory", "resident_mib", "MiB", 10, "resident, logged in"),
    Wanted("memory, busy", "busy_mib", "MiB", 10, "resident, after those lines"),
    Wanted("noticed", "noticed_s", "s", 40, "from the stop of the server until the client gives up on it"),
)


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/bench client", description=described(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {part.name: part for part in (*HELD, MEASURED)}
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{', '.join(parts)} [default: all]")
    names = parser.parse_args(words).what or list(parts)
    for name in names:
        if name not in parts:
            parser.error(f"no such test: {name}; there are {', '.join(parts)}")
    environment = build()
    with Record("client", ROOT) as record:
        outcomes = [run(part, environment) for name, part in parts.items() if name in names]
        held(record, outcomes)
        met = figures(record, {word: amount for outcome in outcomes for word, amount in outcome.told.items()})
        for outcome in outcomes:
            if not outcome.passed:
                record.line(f"\n{outcome.part.name} failed:\n{outcome.output}")
        return 0 if met and all(outcome.passed for outcome in outcomes) else FAILED


def described():
    tests = "\n".join(f"  {part.name:8} {part.about}" for part in HELD)
    return __doc__.format(tests=tests, figures=MEASURED.about)


def build():
    """Builds the programs and the tests; returns the environment for the tests."""
    folder = Path(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"), "release")
    commands = [(*CARGO, "--no-run")]
    if "WAC_BIN_DIR" in os.environ:
        folder = Path(os.environ["WAC_BIN_DIR"]).resolve()
    else:
        commands.append(("cargo", "build", "--release", "--locked", "--quiet", "-p", "wac-server", "-p", "wac-client"))
    for command in commands:
        if subprocess.run(command, cwd=ROOT).returncode:
            sys.exit("scripts/bench: the build failed")
    return {**os.environ, "WAC_BIN_DIR": str(folder), "WAC_TEST_LENGTH": "full"}


def run(part, environment):
    """Runs the tests of a part, one at a time; all processes they started end with them."""
    say(f"{part.name}: {part.about}")
    words = (*CARGO, "--", *part.tests, "--include-ignored", "--test-threads=1", "--nocapture")
    began = time.monotonic()
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output = process.communicate(timeout=part.patience)[0]
    except subprocess.TimeoutExpired:
        output = f"it did not end within {part.patience} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    told = {}
    for word, amount in TOLD.findall(output):
        told[word] = told.get(word, 0) + float(amount)
    passed = process.returncode == 0 and bool(PASSED.search(output))
    return Outcome(part, passed, told, time.monotonic() - began, output)


def held(record, outcomes):
    """Prints a row for each part: its amount, its time, and whether it held."""
    rows = [(outcome.part.name, [count(outcome.told.get("lines")), count(outcome.told.get("keys")), figure(outcome.seconds)],
             f"  {'held' if outcome.passed else 'FAILED':6}  {outcome.part.about}") for outcome in outcomes]
    record.grid("the client's tests", (("lines", ""), ("keys", ""), ("took", "s")), rows)


def figures(record, told):
    """Prints a row for each measured figure; returns whether all are within their limits."""
    known = [(wanted, told[wanted.told]) for wanted in WANTED if wanted.told in told]
    met = [amount <= wanted.most for wanted, amount in known]
    rows = [(wanted.name, [figure(amount), f"{wanted.most}", wanted.unit], f"  {'met' if good else 'NOT met':7}  {wanted.about}")
            for (wanted, amount), good in zip(known, met)]
    if rows:
        record.grid("the client's cost", (("measured", ""), ("at most", ""), ("unit", "")), rows)
    return all(met)


def count(amount):
    return "–" if amount is None else f"{amount:,.0f}"
