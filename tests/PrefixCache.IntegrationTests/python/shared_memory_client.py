"""A worker on the node's host that maps the node's memory: written from docs/shared-memory.md, with grpcio and the standard library."""
import argparse
import fcntl
import mmap
import os
import queue
import socket
import struct
import sys
import time
import uuid

import grpc

SERVICE = "/prefixcache.v1.PrefixCache/"
CHUNK, SEGMENTS, SEGMENT_BYTES = 32, 8, 256
MADV_POPULATE_READ, MADV_POPULATE_WRITE = 22, 23
TIMEOUT = 20


def check(condition, what):
    if not condition:
        sys.exit("FAILED: " + what)


class Kv:
    """What the tests' model computes: 8 bytes that follow from all tokens so far and the segment, repeated over the segment's 256."""

    def __init__(self, tokens):
        self.tokens, self.hashes, value = list(tokens), [], 14695981039346656037
        for token in self.tokens:
            value = (value ^ token) * 1099511628211 % 2**64
            self.hashes.append(value)

    def segment(self, first, end, segment):
        values = ((value + segment) * 0x9E3779B97F4A7C15 % 2**64 for value in self.hashes[first:end])
        return b"".join(struct.pack("<Q", value) * (SEGMENT_BYTES // 8) for value in values)

    def chunk(self, first, end):
        return b"".join(self.segment(first, end, segment) for segment in range(SEGMENTS))


class Refused(Exception):
    pass


class Arena:
    """Both memories of a node, mapped."""

    def __init__(self, address, session):
        reply, descriptors = self._ask(address, session)
        magic, status, flags, self.id, payload_bytes, control_bytes, text_bytes, _ = struct.unpack("<8sII16sQQIQ", reply[:60])
        check(magic == b"PFXARENA" and len(reply) == 60 + text_bytes, "the reply is one")
        if status != 0:
            check(not descriptors, "a refusal hands nothing out")
            raise Refused(reply[60:].decode("utf-8"))
        check(len(descriptors) == 2, "a grant hands out two descriptors")
        sealed = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
        check(all(fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & sealed == sealed for descriptor in descriptors), "both are sealed")
        self.writable = flags & 1 == 1
        self.control = mmap.mmap(descriptors[0], control_bytes, mmap.MAP_SHARED, mmap.PROT_READ)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if self.writable else 0)
        self.payload = mmap.mmap(descriptors[1], payload_bytes, mmap.MAP_SHARED, protection)
        self.payload.madvise(mmap.MADV_DONTFORK)
        for descriptor in descriptors:
            os.close(descriptor)
        self._read_header()

    @staticmethod
    def _ask(address, session):
        name = "\0" + address[1:] if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(name)
            connection.sendall(struct.pack("<8sII16sQ", b"PFXARENA", 1, 0, session, 0))
            reply, descriptors, _, _ = socket.recv_fds(connection, 2048, 2, socket.MSG_CMSG_CLOEXEC)
            while len(reply) < 60 or len(reply) < 60 + struct.unpack_from("<I", reply, 48)[0]:
                more = connection.recv(2048)
                check(more, "the reply is whole")
                reply += more
        return reply, descriptors

    def _read_header(self):
        magic, major, _, arena, size, self.table, self.stride, self.count = struct.unpack_from("<8sII16sQQII", self.control)
        check((magic, major, arena, size) == (b"PFXCTRL1", 1, self.id, len(self.payload)), "the control region is this arena's")
        check(self.stride >= 64 and self.stride % 8 == 0 and self.table % 8 == 0, "entries are aligned")
        check(self.table + self.count * self.stride <= len(self.control), "the table lies within the region")
        # An element of this view is read by one load of eight bytes; struct.unpack_from("<Q") reads byte by byte.
        self.words = memoryview(self.control).cast("Q")

    def generation(self, entry):
        return self.words[(self.table + entry * self.stride) // 8]

    def entry(self, entry):
        """offset, bytes, checksum, tokens, segments"""
        return struct.unpack_from("<QQQII", self.control, self.table + entry * self.stride + 8)

    def populate(self):
        """In a program with more to do, a thread's work."""
        advice, piece = MADV_POPULATE_WRITE if self.writable else MADV_POPULATE_READ, 4 << 20
        try:
            for offset in range(0, len(self.payload), piece):
                self.payload.madvise(advice, offset, min(piece, len(self.payload) - offset))
        except OSError:
            pass  # An older kernel: the first touch of each page pays.


class Node:
    def __init__(self, target, messages):
        self.channel, self.pb = grpc.insecure_channel(target), messages

    def unary(self, name, **fields):
        request, response = getattr(self.pb, name + "Request"), getattr(self.pb, name + "Response")
        return self.channel.unary_unary(SERVICE + name, request.SerializeToString, response.FromString)(request(**fields), timeout=TIMEOUT)

    def open_session(self, **fields):
        """The call, which must stay open, and the answer."""
        request = self.pb.OpenSessionRequest(version_major=1, instance_id=uuid.uuid4().hex, **fields)
        events = self.channel.unary_stream(SERVICE + "OpenSession", request.SerializeToString, self.pb.SessionEvent.FromString)(request)
        return events, next(events).opened

    def store(self, requests):
        pb = self.pb
        method = self.channel.stream_stream(SERVICE + "Store", pb.StoreRequest.SerializeToString, pb.StoreResponse.FromString)
        return method(iter(requests.get, None), timeout=TIMEOUT)


class Worker:
    def __init__(self, node, session, layout_id, arena):
        self.node, self.session, self.layout_id, self.arena = node, session, layout_id, arena

    def lookup(self, kv, align=1):
        tokens = struct.pack("<%dI" % len(kv.tokens), *kv.tokens)
        return self.node.unary("Lookup", session=self.session, request_id=uuid.uuid4().hex, layout_id=self.layout_id, align_tokens=align,
                               extent_shards=[0], tokens=tokens)

    def read(self, lookup):
        """[segment][token][bytes] of the hit's chunks: to be used only after Release has said that the leases held."""
        extents = lookup.extents[0]
        check(extents.shard == 0 and extents.arena == self.arena.id, "the extents are of the arena that is mapped")
        chunks = []
        for position, (offset, tokens, entry, generation) in enumerate(
                zip(extents.offsets, extents.tokens, extents.entries, extents.generations)):
            used = min(lookup.hit_tokens - position * CHUNK, tokens, CHUNK)
            check(offset + tokens * SEGMENTS * SEGMENT_BYTES <= len(self.arena.payload), "the block lies within the arena")
            check(generation % 2 == 0 and self.arena.generation(entry) == generation, "the block is in place before the copy")
            fields = self.arena.entry(entry)
            check(fields[:2] == (offset, tokens * SEGMENTS * SEGMENT_BYTES) and fields[3:] == (tokens, SEGMENTS), "entry and extent agree")
            starts = [offset + tokens * SEGMENT_BYTES * segment for segment in range(SEGMENTS)]
            chunks.append(b"".join(self.arena.payload[start:start + used * SEGMENT_BYTES] for start in starts))
            check(self.arena.generation(entry) == generation, "the block is in place after the copy")
        return chunks

    def release(self, lookup, scope, **fields):
        return self.node.unary("Release", session=self.session, reservation=lookup.reservation, scope=scope, **fields)

    def load(self, kv, align=1):
        pb, lookup, count = self.node.pb, self.lookup(kv, align), len(kv.tokens) // align * align
        check(lookup.hit_tokens == count, "%d tokens are a hit: %d" % (count, lookup.hit_tokens))
        chunks = self.read(lookup)
        report = pb.LoadReport(tokens=count, bytes=sum(map(len, chunks)), nanoseconds=1, plane=pb.PLANE_SHARED_MEMORY)
        answer = self.release(lookup, pb.ReleaseRequest.LOADED, load=report)
        check(answer.held and not answer.ended, "the leases held until the copy was done")
        for position, chunk in enumerate(chunks):
            first = position * CHUNK
            check(chunk == kv.chunk(first, min(first + CHUNK, count)), "chunk %d has the bytes that its writer stored" % position)
        check(len(chunks) == -(-count // CHUNK), "there is an extent for each chunk of the hit")
        check(self.release(lookup, pb.ReleaseRequest.DONE).ended, "the reservation ends")

    def begin_store(self, lookup):
        """The call, what it still sends (None ends it), its plan."""
        pb, requests = self.node.pb, queue.SimpleQueue()
        opening = pb.StoreOpen(session=self.session, reservation=lookup.reservation, shared_memory=True)
        for run in lookup.runs:
            for i in range(run.count):
                opening.chunks.add(handle=run.first_handle + i, tokens=run.tokens)
        requests.put(pb.StoreRequest(open=opening))
        answers = self.node.store(requests)
        plan = next(answers).plan
        check(plan.HasField("grant") and plan.grant.arena == self.arena.id, "the plan grants a place in the arena that is mapped")
        check([decision.action for decision in plan.decisions] == [pb.StoreDecision.WANTED] * len(opening.chunks), "all is wanted")
        return answers, requests, plan

    def store(self, kv):
        pb, lookup = self.node.pb, self.lookup(kv)
        check(lookup.hit_tokens == 0 and not lookup.extents, "nothing is there yet")
        answers, requests, plan = self.begin_store(lookup)
        for position, (decision, offset) in enumerate(zip(plan.decisions, plan.grant.offsets)):
            first = position * CHUNK
            payload = kv.chunk(first, min(first + CHUNK, len(kv.tokens)))
            self.arena.payload[offset:offset + len(payload)] = payload
            # The queue's lock is released behind the stores and taken by the thread that sends: that orders them.
            requests.put(pb.StoreRequest(commit=pb.StoreCommit(handle=decision.handle)))
            result = next(answers).result
            check((result.handle, result.outcome) == (decision.handle, pb.StoreResult.COMMITTED), "chunk %d is committed" % position)
        requests.put(None)
        check(next(answers, None) is None, "the store ends in order")
        check(self.release(lookup, pb.ReleaseRequest.DONE).ended, "the reservation ends")

    def cut_off(self, kv):
        """A store that its writer gives up: its memory is nobody's until the writer says that it writes no more."""
        lookup = self.lookup(kv)
        answers, requests, plan = self.begin_store(lookup)
        answers.cancel()
        requests.put(None)
        self.node.unary("Settle", session=self.session, grant=plan.grant.grant)
        self.release(lookup, self.node.pb.ReleaseRequest.DONE)
        late = time.monotonic() + TIMEOUT
        while self._settles(plan.grant.grant):  # The node may not have seen the end of the call yet.
            check(time.monotonic() < late, "a grant that is settled is forgotten with its call")

    def _settles(self, grant):
        try:
            self.node.unary("Settle", session=self.session, grant=grant)
            return True
        except grpc.RpcError as error:
            check(error.code() == grpc.StatusCode.NOT_FOUND, str(error))
            return False


def register(node, layouts, session):
    layout = layouts.KvLayout(model="test-model", revision="1", dtype=layouts.BF16, chunk_tokens=CHUNK)
    layout.groups.add(kind=layouts.LayerGroup.FULL, layers=range(4), planes=2, heads=2, head_bytes=128)
    layout.shards.add(layers=4, ranks=[0])
    answer = node.unary("RegisterLayout", session=session, layout=layout)
    check(answer.shards[0].bytes_per_token == SEGMENTS * SEGMENT_BYTES, "the node's arithmetic is ours")
    return answer.layout_id


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--messages", required=True)
    parser.add_argument("--stored", nargs=2, type=int, required=True, help="first token and count of the prompt that is there")
    parser.add_argument("--store", nargs=2, type=int, required=True, help="first token and count of the prompt to store")
    arguments = parser.parse_args()
    sys.path.insert(0, arguments.messages)
    from prefixcache.v1 import layout_pb2 as layouts
    from prefixcache.v1 import prefixcache_pb2 as pb

    stored, own = (Kv(range(first, first + count)) for first, count in (arguments.stored, arguments.store))
    node = Node(arguments.target, pb)
    events, opened = node.open_session()
    arena = Arena(opened.shared_memory.socket, opened.session)
    check(arena.id == opened.shared_memory.arena and arena.writable, "the arena is the session's, to write")
    arena.populate()
    worker = Worker(node, opened.session, register(node, layouts, opened.session), arena)
    worker.load(stored)
    worker.load(stored, align=CHUNK + 8)  # Ends within a chunk: less than the block holds.
    worker.store(own)
    worker.load(own)
    worker.cut_off(Kv(reversed(own.tokens)))

    reading, reader = node.open_session(read_only=True)
    view = Arena(reader.shared_memory.socket, reader.session)
    check(view.id == arena.id and not view.writable, "a session that only reads gets the payload for reading")
    Worker(node, reader.session, worker.layout_id, view).load(own)
    try:
        Arena(reader.shared_memory.socket, bytes(16))
        sys.exit("FAILED: a session that does not exist was given the arena")
    except Refused as refusal:
        check(str(refusal), "a refusal says why")
    reading.cancel()
    events.cancel()
    node.channel.close()
    print("OK")


main()
