"""Attack: strangers who do one bad thing each, in a niced program (loadgen/examples/attack), beside a chat."""
import json
import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import servers

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Attack:
    """An attack, as the program lists it."""
    name: str
    connections: int
    about: str


def known(tools):
    """Returns all attacks."""
    listed = subprocess.run([tools / "examples" / "attack", "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = (line.split("\t") for line in listed.splitlines())
    return [Attack(name, int(connections), about) for name, connections, about in rows]


def at_home(tools, *flags):
    """Starts the server with its defaults, by which all of loopback is trusted."""
    def command(port, _folder):
        return [tools / "wacd", "--listen", f"127.0.0.1:{port}", "--log-level", "warn", *flags]
    return servers.Server("wacd", "wac", str(tools / "wacd"), command, "default flags")


def among_strangers(tools, *flags):
    """Starts the server with its defaults, but only those who connect from 127.0.0.1 are trusted."""
    return at_home(tools, "--trusted", "127.0.0.1/32", *flags)


def with_accounts(tools):
    """Starts the server among strangers, with one registered name, whose password nobody guesses."""
    plain = among_strangers(tools)

    def command(port, folder):
        accounts = Path(folder) / "accounts"
        subprocess.run([tools / "wacd", "account", "add", "victim", "--accounts", accounts], input=secrets.token_hex() + "\n",
                       stdout=subprocess.DEVNULL, text=True, check=True)
        return [*plain.command(port, folder), "--accounts", accounts]
    return replace(plain, command=command)


@contextmanager
def attacking(tools, name, port):
    """Attacks while the body runs; yields a dictionary that holds afterwards what was done."""
    words = ["nice", "-n", "19", tools / "examples" / "attack", name, f"127.0.0.1:{port}"]
    process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    did = {}
    try:
        if process.stdout.readline() != "begun\n":
            raise servers.Failed(f"the attack {name} did not begin")
        yield did
    finally:
        process.stdin.close()
        try:
            did.update(json.loads(process.stdout.read() or "{}"))
            process.wait(PATIENCE_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()
