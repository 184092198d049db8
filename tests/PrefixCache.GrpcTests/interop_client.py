"""Runs one of gRPC's public interoperability cases with Python's grpcio: exit code 0 when the server behaves as described."""

import argparse
import os
import queue
import sys
from importlib import machinery, util

import grpc

SERVICE = "/grpc.testing.TestService/"
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
TIMEOUT = 30
INITIAL_KEY = "x-grpc-test-echo-initial"
TRAILING_KEY = "x-grpc-test-echo-trailing-bin"
METADATA = ((INITIAL_KEY, "test_initial_metadata_value"), (TRAILING_KEY, b"\xab\xab\xab"))


class Stub:
    """The methods of the service without generated stubs: those need a plug-in that Debian does not package."""

    def __init__(self, channel, empty, messages):
        def method(kind, name, request, response, service=SERVICE):
            return kind(service + name, request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        self.empty_call = method(channel.unary_unary, "EmptyCall", empty.Empty, empty.Empty)
        self.unary_call = method(channel.unary_unary, "UnaryCall", messages.SimpleRequest, messages.SimpleResponse)
        self.streaming_output = method(
            channel.unary_stream, "StreamingOutputCall", messages.StreamingOutputCallRequest, messages.StreamingOutputCallResponse)
        self.streaming_input = method(
            channel.stream_unary, "StreamingInputCall", messages.StreamingInputCallRequest, messages.StreamingInputCallResponse)
        self.full_duplex = method(
            channel.stream_stream, "FullDuplexCall", messages.StreamingOutputCallRequest, messages.StreamingOutputCallResponse)
        self.unimplemented_method = method(channel.unary_unary, "UnimplementedCall", empty.Empty, empty.Empty)
        self.unimplemented_service = method(
            channel.unary_unary, "UnimplementedCall", empty.Empty, empty.Empty, "/grpc.testing.UnimplementedService/")


class Pipe:
    """A request stream that is fed one message at a time."""

    def __init__(self):
        self._queue = queue.Queue()

    def add(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        request = self._queue.get()
        if request is None:
            raise StopIteration
        return request


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def expect(status, call, details=None):
    try:
        call()
    except grpc.RpcError as error:
        check(error.code() == status, f"expected {status}, got {error.code()}: {error.details()}")
        check(details is None or error.details() == details, f"expected {details!r}, got {error.details()!r}")
        return
    raise AssertionError(f"expected {status}, got OK")


class Cases:
    def __init__(self, stub, empty, messages):
        self.stub, self.empty, self.messages = stub, empty, messages

    def payload(self, size):
        return self.messages.Payload(body=b"\0" * size)

    def large_request(self):
        return self.messages.SimpleRequest(response_size=LARGE_RESPONSE, payload=self.payload(LARGE_REQUEST))

    def ping(self, response_size, request_size):
        return self.messages.StreamingOutputCallRequest(
            response_parameters=[self.messages.ResponseParameters(size=response_size)], payload=self.payload(request_size))

    def empty_unary(self):
        check(self.stub.empty_call(self.empty.Empty(), timeout=TIMEOUT) == self.empty.Empty(), "the answer is not empty")

    def large_unary(self):
        response = self.stub.unary_call(self.large_request(), timeout=TIMEOUT)
        check(response.payload.body == b"\0" * LARGE_RESPONSE, "the payload differs")

    def client_streaming(self):
        requests = (self.messages.StreamingInputCallRequest(payload=self.payload(size)) for size in REQUEST_SIZES)
        response = self.stub.streaming_input(requests, timeout=TIMEOUT)
        check(response.aggregated_payload_size == 74922, f"the sum is {response.aggregated_payload_size}")

    def server_streaming(self):
        parameters = [self.messages.ResponseParameters(size=size) for size in RESPONSE_SIZES]
        request = self.messages.StreamingOutputCallRequest(response_parameters=parameters)
        sizes = tuple(len(response.payload.body) for response in self.stub.streaming_output(request, timeout=TIMEOUT))
        check(sizes == RESPONSE_SIZES, f"sizes are {sizes}")

    def ping_pong(self):
        pipe = Pipe()
        responses = self.stub.full_duplex(pipe, timeout=TIMEOUT)
        for response_size, request_size in zip(RESPONSE_SIZES, REQUEST_SIZES):
            pipe.add(self.ping(response_size, request_size))
            check(len(next(responses).payload.body) == response_size, "the response has another size")
        pipe.close()
        check(next(responses, None) is None, "there is a response too many")

    def empty_stream(self):
        check(list(self.stub.full_duplex(iter(()), timeout=TIMEOUT)) == [], "there is a response")

    def cancel_after_begin(self):
        pipe = Pipe()
        future = self.stub.streaming_input.future(pipe, timeout=TIMEOUT)
        future.cancel()
        pipe.close()
        check(future.cancelled(), "the call is not cancelled")
        check(future.code() == grpc.StatusCode.CANCELLED, f"the status is {future.code()}")

    def cancel_after_first_response(self):
        pipe = Pipe()
        responses = self.stub.full_duplex(pipe, timeout=TIMEOUT)
        pipe.add(self.ping(RESPONSE_SIZES[0], REQUEST_SIZES[0]))
        next(responses)
        responses.cancel()
        expect(grpc.StatusCode.CANCELLED, lambda: next(responses))
        pipe.close()

    def timeout_on_sleeping_server(self):
        pipe = Pipe()
        responses = self.stub.full_duplex(pipe, timeout=0.001)
        pipe.add(self.messages.StreamingOutputCallRequest(payload=self.payload(27182)))
        expect(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(responses))
        pipe.close()

    def status_code_and_message(self):
        self.echo_status("test status message", True)

    def special_status_message(self):
        self.echo_status("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n", False)

    def echo_status(self, message, with_duplex):
        status = self.messages.EchoStatus(code=2, message=message)
        request = self.messages.SimpleRequest(response_status=status)
        expect(grpc.StatusCode.UNKNOWN, lambda: self.stub.unary_call(request, timeout=TIMEOUT), message)
        if with_duplex:
            requests = iter((self.messages.StreamingOutputCallRequest(response_status=status),))
            expect(grpc.StatusCode.UNKNOWN, lambda: next(self.stub.full_duplex(requests, timeout=TIMEOUT)), message)

    def unimplemented_method(self):
        expect(grpc.StatusCode.UNIMPLEMENTED, lambda: self.stub.unimplemented_method(self.empty.Empty(), timeout=TIMEOUT))

    def unimplemented_service(self):
        expect(grpc.StatusCode.UNIMPLEMENTED, lambda: self.stub.unimplemented_service(self.empty.Empty(), timeout=TIMEOUT))

    def custom_metadata(self):
        _, call = self.stub.unary_call.with_call(self.large_request(), timeout=TIMEOUT, metadata=METADATA)
        self.check_echo(call)
        duplex = self.stub.full_duplex(iter((self.ping(LARGE_RESPONSE, LARGE_REQUEST),)), timeout=TIMEOUT, metadata=METADATA)
        check([len(response.payload.body) for response in duplex] == [LARGE_RESPONSE], "the response has another size")
        self.check_echo(duplex)

    def check_echo(self, call):
        initial, trailing = dict(call.initial_metadata()), dict(call.trailing_metadata())
        check(initial.get(INITIAL_KEY) == METADATA[0][1], f"initial metadata is {initial}")
        check(trailing.get(TRAILING_KEY) == METADATA[1][1], f"trailing metadata is {trailing}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="host:port of the server")
    parser.add_argument("--messages", required=True, help="folder with the message classes made by protoc")
    parser.add_argument("--case", required=True, help="name of the case")
    arguments = parser.parse_args()

    def load(name):
        # The folder is called grpc as the library is: the modules are put under it by hand.
        path = os.path.join(arguments.messages, "grpc", "testing", name + "_pb2.py")
        loader = machinery.SourceFileLoader("grpc.testing." + name + "_pb2", path)
        module = util.module_from_spec(util.spec_from_loader(loader.name, loader))
        sys.modules[loader.name] = module
        loader.exec_module(module)
        return module

    empty, messages = load("empty"), load("messages")
    with grpc.insecure_channel(arguments.target) as channel:
        getattr(Cases(Stub(channel, empty, messages), empty, messages), arguments.case)()
    print(arguments.case, "passed")


if __name__ == "__main__":
    main()
