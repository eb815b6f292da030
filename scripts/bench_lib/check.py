"""Check of instruction counts: compares those of wac-core's benches with the baseline beside them.

Valgrind counts, so a busy machine changes nothing. The compiler matters: a baseline is valid for one rustc and one target.
  5 % more than the baseline      failure, exit 7
  5 % less                        better: worth a new baseline
  another rustc or target         not comparable, exit 0
A bench that is missing on either side fails too, because nothing can be compared."""
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASELINE = ROOT / "server/core/benches/instructions/baseline.json"
TOLERANCE = 0.05
REGRESSION = 7  # the exit code, as of `scripts/bench ab`
RENEW = "scripts/bench check --renew"


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/bench check", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="write the current counts as the new baseline")
    args = parser.parse_args(words)
    compiler = this_compiler()
    if args.renew:
        return renew(compiler)
    baseline = json.loads(BASELINE.read_text())
    for what in ("rustc", "target"):
        if baseline[what] != compiler[what]:
            print(f"not comparable: the baseline is of {what} {baseline[what]}, this is {compiler[what]}")
            return 0
    return compare(baseline["instructions"], count())


def renew(compiler):
    baseline = {**compiler, "instructions": count()}
    BASELINE.write_text(json.dumps(baseline, indent=2) + "\n")
    print(f"written: {BASELINE.relative_to(ROOT)}")
    return 0


def compare(baseline, now):
    """Prints a line for each bench and a remedy; returns the exit code."""
    red = better = 0
    print(f"{'instructions':58} {'baseline':>9} {'now':>9} {'ratio':>6}")
    for name in list(baseline) + [name for name in now if name not in baseline]:
        old, new = baseline.get(name), now.get(name)
        ratio = new / old if old and new else None
        verdict = judged(ratio, old)
        red += verdict in ("MORE", "NOT RUN", "NOT IN THE BASELINE")
        better += verdict == "better"
        print(f"{name:58} {number(old):>9} {number(new):>9} {f'{ratio:.3f}' if ratio else '-':>6}  {verdict}".rstrip())
    if better:
        print(f"better: renew the baseline with {RENEW}")
    if red:
        print(f"failed: {red} of the above; if that is intended, renew the baseline with {RENEW}")
    return REGRESSION if red else 0


def judged(ratio, old):
    if ratio is None:
        return "NOT RUN" if old else "NOT IN THE BASELINE"
    if ratio > 1 + TOLERANCE:
        return "MORE"
    return "better" if ratio < 1 - TOLERANCE else ""


def number(count):
    return f"{count:,}" if count else "-"


def this_compiler():
    """Returns the version and target that rustc reports."""
    said = dict(line.split(": ", 1) for line in output("rustc", "-vV").splitlines() if ": " in line)
    return {"rustc": said["release"], "target": said["host"]}


def count():
    """Runs the benches; returns their instruction counts by name."""
    if not shutil.which("valgrind"):
        sys.exit("scripts/bench: counting instructions needs valgrind, which is missing; install Debian's package with\n"
                 "    sudo apt-get install -y --no-install-recommends valgrind")
    os.environ["GUNGRAUN_RUNNER"] = str(runner())
    lines = output("cargo", "bench", "--quiet", "--locked", "--package", "wac-core", "--bench", "instructions",
                   "--", "--output-format=json")
    benches = [json.loads(line) for line in lines.splitlines()]
    return {sentence(bench): instructions(bench) for bench in benches}


def sentence(bench):
    return f"{bench['function_name']} {bench['id']}".replace("_", " ")


def instructions(bench):
    return bench["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"]


def runner():
    """Returns the program that runs the benches, installed if missing; its version must be that of the crate."""
    version = output("cargo", "pkgid", "--locked", "gungraun-runner").strip().rpartition("@")[2]
    folder = Path(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"), f"gungraun-runner-{version}")
    program = folder / "bin/gungraun-runner"
    if not program.exists():
        print(f"scripts/bench: installing gungraun-runner {version} into {folder}, which takes some minutes", file=sys.stderr)
        output("cargo", "install", "--quiet", "gungraun-runner", "--version", version, "--locked", "--root", folder)
    return program


def output(*command):
    """Returns the output of a command; exits if the command fails, which has then printed the reason."""
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"scripts/bench: {' '.join(map(str, command[:2]))} failed")
    return result.stdout
