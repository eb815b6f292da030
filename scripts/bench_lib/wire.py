"""Wire: the service time that the load tester tells, beside that of the packets on the loopback interface."""
import ctypes
import socket
import struct
import threading
from contextlib import contextmanager

from . import servers
from .record import figure
from .runs import Run, fresh, load, say

USERS = (100, 400)
FLAGS = ("--senders", 16, "--rate", "100/s")
SO_TIMESTAMPNS, SO_ATTACH_FILTER, SO_RCVBUFFORCE, PACKET_OUTGOING, ETH_P_ALL = 35, 26, 33, 4, 3
BUFFER_BYTES = 64 << 20
# Of the readers those whose ports are multiples of it: each packet costs Python as much as the server.
EACH = 8


class Wire:
    name = "wire"
    about = "service of 100 messages a second of 16 users, as wac-loadgen tells it and as the packets on lo do"
    rounds = 3
    seconds = 10

    def measure(self, bench):
        seconds = bench.seconds_of(self)
        [server] = bench.entrants(("wacd",))
        rows = []
        for number in range(bench.rounds_of(self)):
            for users in USERS:
                say(f"{self.name}, round {number + 1} of {bench.rounds_of(self)}: {users} users")
                try:
                    rows.append((f"{users} users", one_round(bench, server, users, seconds)))
                except (servers.Failed, PermissionError) as failure:
                    bench.record.line(f"    {users} users failed: {failure}")
        columns = [(f"{name} {of}", unit) for name in ("p50", "p99") for of, unit in (("told", "ms"), ("seen", "ms"), ("ratio", ""))]
        title = f"{self.name}: {self.about}; the packets are those to a sample of the readers, {seconds} s each"
        bench.record.grid(title, [*columns, ("seen", "lines")], rows)


def one_round(bench, server, users, seconds):
    with fresh(server) as (port, pid):
        with captured(port) as packets:
            run = Run(server.name, load(bench.tools, server, "run", ("--users", users, *FLAGS), seconds, port, pid))
        seen = sorted(services(port, packets))
    if not run.counts or not seen:
        raise servers.Failed(run.why() or "no packet was seen")
    cells = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        told_ms, seen_ms = run.told["latency_ns"]["service"][name] / 1e6, seen[int(share * len(seen))] / 1e6
        cells += [figure(told_ms), figure(seen_ms), f"{told_ms / seen_ms:.3f}x"]
    return [*cells, figure(len(seen))]


@contextmanager
def captured(port):
    """Takes what the server sends to some of its users, and what they all send to it, while the body runs; yields the
    packets, each with the time at which it was sent, in ns."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as tap:
        code = b"".join(struct.pack("HBBI", *step) for step in program(port))
        held = ctypes.create_string_buffer(code)
        tap.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code) // 8, ctypes.addressof(held)))
        tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        tap.settimeout(0.2)
        tap.bind(("lo", ETH_P_ALL))  # no other sees what leaves
        packets, over = [], threading.Event()
        taker = threading.Thread(target=take, args=(tap, packets, over))
        taker.start()
        try:
            yield packets
        finally:
            over.set()
            taker.join()


def take(tap, packets, over):
    while not over.is_set():
        try:
            packet, [(_, _, date)], _, _ = tap.recvmsg(1 << 16, 64)
        except TimeoutError:
            continue
        seconds, nanos = struct.unpack("qq", date)
        packets.append((seconds * 10**9 + nanos, packet))


def program(port):
    """A filter: packets that leave, IPv4 without options, TCP with a payload; to the server, or from it to one user of a few."""
    load_word, load_half, equal, more, all_bits, return_ = 0x20, 0x28, 0x15, 0x25, 0x45, 0x06
    return [
        (load_word, 0, 0, 0xFFFFF004), (equal, 0, 9, PACKET_OUTGOING),  # SKF_AD_OFF + SKF_AD_PKTTYPE
        (load_half, 0, 0, 2), (more, 0, 7, 52),  # longer than an ACK with time stamps
        (load_half, 0, 0, 22), (equal, 4, 0, port),  # to the server
        (load_half, 0, 0, 20), (equal, 0, 3, port),  # from it
        (load_half, 0, 0, 22), (all_bits, 1, 0, EACH - 1),
        (return_, 0, 0, 1 << 16), (return_, 0, 0, 0),
    ]


def services(port, packets):
    """The times from the packet that brought the server the end of a message to the one that brought it to a reader."""
    said, heard = {}, []
    for date, connection, line in lines(packets):
        source, target = connection
        if target == port and line.startswith(b"MSG "):
            said[line[4:]] = date
        elif source == port and b": " in line:
            heard.append((date, line.split(b": ", 1)[1]))
    return [date - said[text] for date, text in heard if text in said]


def lines(packets):
    """Cuts each connection's stream into lines: date of the packet with its end, the ports, the line."""
    rests = {}
    for date, packet in packets:
        connection = struct.unpack_from("!HH", packet, 20)
        payload = packet[20 + (packet[32] >> 4) * 4:struct.unpack_from("!H", packet, 2)[0]]
        *whole, rests[connection] = (rests.get(connection, b"") + payload).split(b"\n")
        for line in whole:
            yield date, connection, line.rstrip(b"\r")
