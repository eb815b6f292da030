"""Servers to measure: each is started with its limits lifted, on a free port of loopback, and stopped."""
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

BACKLOG = 4096  # connections that may wait to be accepted: somaxconn's usual value, and wacd's own
START_SECONDS = 10
STOP_SECONDS = 10


class Failed(Exception):
    """The error of a server that does not start, or of a run without a result."""


@dataclass(frozen=True)
class Server:
    """A server and its start: `command(port, folder)` may write a configuration into the folder."""
    name: str
    protocol: str
    program: str
    command: Callable[[int, Path], list]
    note: str
    package: str = ""
    version_flag: str = "--version"
    irc: bool = False
    blocks: bool = False  # a reader that stops reading stops everybody
    flags: tuple = ()  # wac-loadgen's, for this server alone

    def version(self):
        return version_of([self.program, self.version_flag])


def ours(tools, *flags):
    """Returns the server of this build, the same with one shard, and the floor: the cost of the kernel alone."""
    return [wacd("wacd", tools, *flags), wacd("wacd-1", tools, *flags, "--shards", "1"),
            floor("floor", tools, "the kernel's cost: one send() a line and reader"),
            floor("batch", tools, "the kernel's cost at best: one send() a reader for all lines available", "--batch")]


def floor(name, tools, note, *flags):
    """Returns the floor, the least that a server can cost: server/examples/floor.rs."""
    program = tools / "examples" / "floor"
    return Server(name, "wac", str(program), lambda port, _folder: [program, port, *flags], note, blocks=True)


def wacd(name, tools, *flags):
    """Returns the server of this build, without flood control, which would hold back the few users that talk for all."""
    note = " ".join(flags).replace("--", "with --", 1) or "default flags"
    return build_with(name, tools / "wacd", flags, note)


def build_of(parser, name, path):
    """Returns a build of the server, by its binary."""
    if not shutil.which(path):
        parser.error(f"not a program: {path}")
    return build_with(name, Path(shutil.which(path)).resolve(), (), path)


def build_with(name, program, flags, note):
    def command(port, _folder):
        return [program, "--listen", f"127.0.0.1:{port}", "--flood-rate", "0", "--log-level", "warn", *flags]
    return Server(name, "wac", str(program), command, note)


def redis(port, _folder):
    # Slow subscribers are kept, however much is queued for them, so that all servers do the same work.
    return ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--maxclients", open_files() - 100, "--tcp-backlog", BACKLOG,
            "--client-output-buffer-limit", "pubsub 0 0 0"]


def nats(port, folder):
    # Its backlog can't be set: Go takes the system's somaxconn, usually the same 4096.
    config = write(folder / "nats.conf", f"""
        listen: "127.0.0.1:{port}"
        max_connections: {open_files() - 100}
        max_pending: 1GB
        write_deadline: "60s"
    """)
    return ["nats-server", "-c", config]


def inspircd(port, folder):
    limit = open_files() - 100
    config = write(folder / "inspircd.conf", f"""
        <server name="irc.bench.local" description="bench" network="Bench">
        <admin name="bench" nick="bench" email="bench@localhost">
        <bind address="127.0.0.1" port="{port}" type="clients">
        <connect name="main" allow="*" timeout="60" pingfreq="1000" limit="{limit}"
            hardsendq="104857600" softsendq="104857600" recvq="1M"
            localmax="{limit}" globalmax="{limit}" maxconnwarn="off"
            commandrate="100000000" fakelag="off" threshold="1000000" resolvehostnames="no" useident="no">
        <performance netbuffersize="10240" somaxconn="{BACKLOG}" softlimit="{limit}" nouserdns="yes" clonesonconnect="no">
        <log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/inspircd.log">
        <class name="x" commands="*">
    """)
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return ["inspircd", "--nofork", *as_root, f"--config={config}"]


def ngircd(port, folder):
    # Its backlog of 10 is compiled in. Connections beyond it wait for seconds, and some for ever.
    user = "ServerUID = nobody\nServerGID = nogroup" if os.geteuid() == 0 else ""
    config = write(folder / "ngircd.conf", f"""
        [Global]
        Name = irc.bench.local
        Info = bench
        Listen = 127.0.0.1
        Ports = {port}
        MotdPhrase = bench
        {user}
        [Limits]
        MaxConnections = 0
        MaxConnectionsIP = 0
        MaxJoins = 0
        MaxNickLength = 32
        MaxPenaltyTime = 0
        PingTimeout = 1000
        PongTimeout = 60
        [Options]
        DNS = no
        Ident = no
        PAM = no
    """)
    return ["ngircd", "-n", "-f", config]


IRC = "announces each join to everyone: N logins cost N*N/2 lines"
PEERS = [
    Server("inspircd", "irc", "inspircd", inspircd, IRC, "inspircd", irc=True),
    Server("ngircd", "irc", "ngircd", ngircd, f"{IRC}; its backlog is 10 at most, so only 100 log in each second",
           "ngircd", irc=True, flags=("--connect-rate", "100/s")),
    Server("redis", "redis", "redis-server", redis, "one channel; the senders don't subscribe", "redis-server"),
    Server("nats", "nats", "nats-server", nats, "one subject; echo is off", "nats-server"),
]


@contextmanager
def running(server, folder):
    """Starts a server, waits until it accepts, yields its port and process id, and stops it."""
    port = free_port()
    log = folder / f"{server.name}.out"
    words = [str(word) for word in server.command(port, folder)]
    with open(log, "wb") as out:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until_it_accepts(server, process, port, log)
        yield port, process.pid
    finally:
        stop(process)


def wait_until_it_accepts(server, process, port, log):
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise Failed(f"ended at once ({process.returncode}): {tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failed(f"does not accept connections: {tail(log)}")


def stop(process):
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:  # even if Ctrl-C is pressed again
        if process.poll() is None:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def open_files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def raise_open_files():
    """Raises the soft limit on open files to the hard one; child processes inherit it."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files(), open_files()))


def version_of(command):
    told = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return told.stdout.splitlines()[0].strip() if told.stdout else "version unknown"


def identity(path):
    """Returns an identifier of a build, distinct even for equal versions."""
    program = Path(shutil.which(path))
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    return f"{path}, {version_of([program, '--version'])}, sha256 {digest[:12]}"


def write(path, text):
    path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    return path


def tail(log):
    return log.read_text(errors="replace").strip()[-300:] or "it printed nothing"
