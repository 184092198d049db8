"""Calls the node without knowing its contract: asks reflection for it, as generic clients do, and health for its state."""
import argparse
import sys

import grpc
from google.protobuf import descriptor_pool, message_factory

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--messages", required=True)
arguments = parser.parse_args()
sys.path.insert(0, arguments.messages)

import reflection_pb2 as reflection  # noqa: E402

channel = grpc.insecure_channel(arguments.target)
info = channel.stream_stream(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    request_serializer=reflection.ServerReflectionRequest.SerializeToString,
    response_deserializer=reflection.ServerReflectionResponse.FromString,
)

names = [s.name for s in next(info(iter([reflection.ServerReflectionRequest(list_services="")]))).list_services_response.service]
assert names == ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "prefixcache.v1.PrefixCache"], names

pool = descriptor_pool.DescriptorPool()
for symbol in names[:1] + names[2:]:
    answer = next(info(iter([reflection.ServerReflectionRequest(file_containing_symbol=symbol)])))
    # What is imported comes behind what imports it.
    for data in reversed(answer.file_descriptor_response.file_descriptor_proto):
        pool.AddSerializedFile(data)

# Before version 4.22 of protobuf a factory makes the classes.
message_class = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype


def unary(service, method, **fields):
    found = pool.FindServiceByName(service).methods_by_name[method]
    request = message_class(found.input_type)(**fields)
    call = channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(found.output_type).FromString,
    )
    return call(request, timeout=20)


statistics = unary("prefixcache.v1.PrefixCache", "GetStatistics")
assert len(statistics.incarnation) == 16 and statistics.tiers[0].capacity_bytes > 0, statistics
assert unary("grpc.health.v1.Health", "Check").status == 1

watched = pool.FindServiceByName("grpc.health.v1.Health").methods_by_name["Watch"]
watch = channel.unary_stream(
    "/grpc.health.v1.Health/Watch",
    request_serializer=lambda message: message.SerializeToString(),
    response_deserializer=message_class(watched.output_type).FromString,
)(message_class(watched.input_type)(service="prefixcache.v1.PrefixCache"), timeout=20)
assert next(watch).status == 1
watch.cancel()
print("OK")
