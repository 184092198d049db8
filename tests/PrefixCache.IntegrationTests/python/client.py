"""A worker in another language: the main path of the contract over grpcio, with classes generated from protos/."""
import argparse
import hashlib
import struct
import sys
import uuid

import grpc

SERVICE = "/prefixcache.v1.PrefixCache/"
CHUNK = 32
TOKENS = 70
BYTES_PER_TOKEN = 4 * 2 * 256


def check(condition, what):
    if not condition:
        sys.exit("FAILED: " + what)


def chunk_payload(position, tokens):
    """Bytes that nobody would send by chance."""
    seed = hashlib.sha256(b"chunk %d" % position).digest()
    size = tokens * BYTES_PER_TOKEN
    return (seed * (size // len(seed) + 1))[:size]


class Node:
    def __init__(self, target, messages):
        self.channel = grpc.insecure_channel(target)
        self.messages = messages

    def unary(self, name, request):
        response = getattr(self.messages, name + "Response")
        return self.channel.unary_unary(SERVICE + name, type(request).SerializeToString, response.FromString)(request, timeout=20)

    def streaming(self, name, request, response):
        return self.channel.unary_stream(SERVICE + name, type(request).SerializeToString, response.FromString)(request)

    def store(self, requests):
        pb = self.messages
        return self.channel.stream_stream(SERVICE + "Store", pb.StoreRequest.SerializeToString, pb.StoreResponse.FromString)(requests, timeout=20)


def register(node, pb, layouts, session):
    layout = layouts.KvLayout(model="python-model", revision="1", dtype=layouts.BF16, chunk_tokens=CHUNK)
    layout.groups.add(kind=layouts.LayerGroup.FULL, layers=range(4), planes=2, heads=2, head_bytes=128)
    layout.shards.add(layers=4, ranks=[0])
    answer = node.unary("RegisterLayout", pb.RegisterLayoutRequest(session=session, layout=layout))
    check(len(answer.layout_id) == 32, "the layout id has 32 bytes")
    check(answer.shards[0].bytes_per_token == BYTES_PER_TOKEN, "the node's arithmetic is ours")
    return answer.layout_id


def positions(lookup):
    """(handle, tokens) of every chunk position: a run stands for several that are alike."""
    return [(run.first_handle + i, run.tokens) for run in lookup.runs for i in range(run.count)]


def store(node, pb, session, lookup):
    def requests():
        opening = pb.StoreOpen(session=session, reservation=lookup.reservation)
        for handle, tokens in positions(lookup):
            opening.chunks.add(handle=handle, tokens=tokens)
        yield pb.StoreRequest(open=opening)
        for position, (handle, tokens) in enumerate(positions(lookup)):
            payload = chunk_payload(position, tokens)
            for offset in range(0, len(payload), 50_000):
                part = pb.StorePart(handle=handle, offset=offset)
                yield pb.StoreRequest(part=part, payload=payload[offset:offset + 50_000])

    answers = list(node.store(requests()))
    check([d.action for d in answers[0].plan.decisions] == [pb.StoreDecision.WANTED] * 3, "all three chunks are wanted")
    check([a.result.outcome for a in answers[1:]] == [pb.StoreResult.COMMITTED] * 3, "all three chunks are committed")


def fetch(node, pb, session, layout_id, tokens):
    request = pb.FetchRequest(session=session, request_id="fetch", layout_id=layout_id, tokens=tokens)
    answers = list(node.streaming("Fetch", request, pb.FetchResponse))
    check(answers[0].lookup.hit_tokens == TOKENS, "everything is a hit: %d" % answers[0].lookup.hit_tokens)
    received = {}
    for answer in answers[1:]:
        buffer = received.setdefault(answer.part.handle, bytearray())
        check(answer.part.offset == len(buffer), "pieces come in order")
        buffer.extend(answer.payload)
    for position, (handle, tokens) in enumerate(positions(answers[0].lookup)):
        check(bytes(received[handle]) == chunk_payload(position, tokens), "chunk %d has the bytes that were stored" % position)
    return answers[0].lookup.reservation


def expect(code, says, call):
    try:
        call()
    except grpc.RpcError as error:
        check(error.code() == code and says in error.details(), "%s: %s" % (error.code(), error.details()))
        return
    sys.exit("FAILED: no error where %s was due" % code)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--messages", required=True)
    arguments = parser.parse_args()
    sys.path.insert(0, arguments.messages)
    from prefixcache.v1 import layout_pb2 as layouts
    from prefixcache.v1 import prefixcache_pb2 as pb

    node = Node(arguments.target, pb)
    events = node.streaming("OpenSession", pb.OpenSessionRequest(version_major=1, instance_id=uuid.uuid4().hex), pb.SessionEvent)
    session = next(events).opened.session
    layout_id = register(node, pb, layouts, session)
    tokens = struct.pack("<%dI" % TOKENS, *range(1000, 1000 + TOKENS))

    request = pb.LookupRequest(session=session, request_id="first", layout_id=layout_id, tokens=tokens)
    lookup = node.unary("Lookup", request)
    check((lookup.hit_tokens, [tokens for _, tokens in positions(lookup)]) == (0, [32, 32, 6]), "the first lookup is a miss of three chunks")
    store(node, pb, session, lookup)
    second = fetch(node, pb, session, layout_id, tokens)

    statistics = node.unary("GetStatistics", pb.GetStatisticsRequest())
    check((statistics.lookups, statistics.tokens_asked, statistics.tokens_hit) == (2, 2 * TOKENS, TOKENS), str(statistics))
    check((statistics.chunks_committed, statistics.bytes_stored, statistics.bytes_retrieved) == (3, TOKENS * BYTES_PER_TOKEN, TOKENS * BYTES_PER_TOKEN),
          str(statistics))
    check((statistics.sessions, statistics.reservations, statistics.leases) == (1, 2, 3), str(statistics))

    for reservation in (lookup.reservation, second):
        check(node.unary("Release", pb.ReleaseRequest(session=session, reservation=reservation)).ended, "the reservation ends")
    expect(grpc.StatusCode.NOT_FOUND, "look the request up again",
           lambda: node.unary("Release", pb.ReleaseRequest(session=session, reservation=second)))
    expect(grpc.StatusCode.INVALID_ARGUMENT, "tokens has 5 bytes",
           lambda: node.unary("Lookup", pb.LookupRequest(session=session, request_id="bad", layout_id=layout_id, tokens=b"12345")))
    events.cancel()
    node.channel.close()
    print("OK")


main()
