"""A worker that takes a node's memory as docs/shared-memory.md describes it, and does what it is told on standard input.

Each command is answered by one line: ok and what it found, or the symbolic name of the system's error.
"""
import array
import errno
import mmap
import os
import signal
import socket
import struct
import sys
import uuid

REQUEST = struct.Struct("<8sII16s8x")
REPLY = struct.Struct("<8sII16sQQI8x")


class Worker:
    def __init__(self, address):
        self.address = "\0" + address[1:] if address.startswith("@") else address
        self.open = []
        self.control = self.payload = None

    def connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(30)
        connection.connect(self.address)
        return connection

    def ask(self, request, *descriptors):
        connection = self.connect()
        try:
            connection.sendmsg([bytes.fromhex(request)],
                               [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", map(int, descriptors)))] if descriptors else [])
        except BrokenPipeError:
            pass  # Refused before it was read: the reason can be received.
        data, received, _, _ = socket.recv_fds(connection, 65536, 8)
        # By its own length, not to the end: a refusal that came before the request was read ends in a reset.
        while data and (len(data) < REPLY.size or len(data) < REPLY.size + REPLY.unpack_from(data)[6]):
            part = connection.recv(65536)
            if not part:
                return "cut short"
            data += part
        connection.close()
        if not data:
            return "closed"
        magic, status, flags, arena, arena_bytes, control_bytes, text = REPLY.unpack_from(data)
        assert magic == b"PFXARENA" and len(data) == REPLY.size + text, data
        if status != 0:
            assert not received
            return "refused " + data[REPLY.size:].decode()
        self.control, self.payload = received
        self.control_bytes, self.arena_bytes = control_bytes, arena_bytes
        return f"granted {flags} {uuid.UUID(bytes=arena)} {arena_bytes} {control_bytes}"

    def file(self, path):
        return os.open(path, os.O_RDONLY)

    def take(self, session):
        return self.ask(REQUEST.pack(b"PFXARENA", 1, 0, bytes.fromhex(session)).hex())

    def map(self, what, access):
        file, length = (self.control, self.control_bytes) if what == "control" else (self.payload, self.arena_bytes)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if access == "write" else 0)
        return mmap.mmap(file, length, mmap.MAP_SHARED, protection)

    def can(self, what, access):
        self.map(what, access).close()

    def reopen(self, what):
        os.close(os.open(f"/proc/self/fd/{self.control if what == 'control' else self.payload}", os.O_RDWR))

    def pwrite(self, what):
        os.pwrite(self.control if what == "control" else self.payload, b"x", 0)

    def truncate(self, what):
        os.ftruncate(self.control if what == "control" else self.payload, 4096)

    def read(self, what, offset, length):
        with self.map(what, "read") as memory:
            return memory[int(offset):int(offset) + int(length)].hex()

    def write(self, offset, data):
        with self.map("payload", "write") as memory:
            memory[int(offset):int(offset) + len(data) // 2] = bytes.fromhex(data)

    def hold(self, count):
        """Connections that say nothing."""
        self.open += [self.connect() for _ in range(int(count))]

    def begin(self, data):
        """One that says the beginning of a request."""
        self.open.append(self.connect())
        self.open[-1].sendall(bytes.fromhex(data))

    def ended(self):
        """How many of those the node has closed; waits for the first."""
        assert self.open[0].recv(4096) is not None
        return "1"

    def become(self, user):
        os.setgid(int(user))
        os.setuid(int(user))


def main():
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            print("ok", getattr(worker, name)(*arguments) or "", flush=True)
        except OSError as error:
            print(errno.errorcode.get(error.errno, type(error).__name__), flush=True)


signal.signal(signal.SIGINT, signal.SIG_IGN)
main()
