using Google.Protobuf.Reflection;

namespace PrefixCache.Grpc.Reflection;

/// <summary>Serves <c>grpc.reflection.v1.ServerReflection</c>: which services there are, and the files that declare them.</summary>
/// <remarks>Immutable. It tells of the files that it was made with and of what those import; extensions it has none.</remarks>
public sealed class ReflectionService
{
    private readonly Dictionary<string, FileDescriptor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _bySymbol = new(StringComparer.Ordinal);

    /// <param name="files">That declare the server's services.</param>
    public ReflectionService(params ReadOnlySpan<FileDescriptor> files)
    {
        foreach (var file in files) Add(file);
        Add(ReflectionReflection.Descriptor);
    }

    /// <summary>The method that clients call.</summary>
    public static RpcMethod<ServerReflectionRequest, ServerReflectionResponse> Info { get; } = new(
        "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", ServerReflectionRequest.Parser, ServerReflectionResponse.Parser)
    {
        MaxRequestBytes = 4 << 10,
    };

    /// <summary>Adds the method to a server.</summary>
    public void AddTo(RpcServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        server.AddDuplex(Info, async (reader, writer, call) =>
        {
            while (await reader.MoveNextAsync(call.CancellationToken))
                await writer.WriteAsync(Answer(reader.Current, server.Services), call.CancellationToken);
        });
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request, IReadOnlyCollection<string> services)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse();
                foreach (var name in services.Order(StringComparer.Ordinal))
                    response.ListServicesResponse.Service.Add(new ServiceResponse { Name = name });
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Tell(response, _byName.GetValueOrDefault(request.FileByFilename), request.FileByFilename);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                Tell(response, _bySymbol.GetValueOrDefault(request.FileContainingSymbol), request.FileContainingSymbol);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType
                when _bySymbol.ContainsKey(request.AllExtensionNumbersOfType):
                response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = request.AllExtensionNumbersOfType };
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.None:
                response.ErrorResponse = Fault(StatusCode.InvalidArgument, "The request asks for nothing.");
                break;
            default:
                response.ErrorResponse = Fault(StatusCode.NotFound, "There is no such extension here.");
                break;
        }

        return response;
    }

    private static void Tell(ServerReflectionResponse response, FileDescriptor? file, string name)
    {
        if (file is null)
        {
            response.ErrorResponse = Fault(StatusCode.NotFound, $"'{name}' is not known here.");
            return;
        }

        // With all that it imports, so that one answer is enough to use it.
        var told = new HashSet<FileDescriptor>();
        var left = new Queue<FileDescriptor>([file]);
        response.FileDescriptorResponse = new FileDescriptorResponse();
        while (left.TryDequeue(out var next))
        {
            if (!told.Add(next)) continue;
            response.FileDescriptorResponse.FileDescriptorProto.Add(next.SerializedData);
            foreach (var import in next.Dependencies) left.Enqueue(import);
        }
    }

    private static ErrorResponse Fault(StatusCode code, string text) => new() { ErrorCode = (int)code, ErrorMessage = text };

    private void Add(FileDescriptor file)
    {
        if (!_byName.TryAdd(file.Name, file)) return;
        foreach (var import in file.Dependencies) Add(import);
        foreach (var type in file.EnumTypes) _bySymbol[type.FullName] = file;
        foreach (var type in file.MessageTypes) Add(type);
        foreach (var service in file.Services)
        {
            _bySymbol[service.FullName] = file;
            foreach (var method in service.Methods) _bySymbol[method.FullName] = file;
        }
    }

    private void Add(MessageDescriptor type)
    {
        _bySymbol[type.FullName] = type.File;
        foreach (var field in type.Fields.InDeclarationOrder()) _bySymbol[field.FullName] = type.File;
        foreach (var inner in type.EnumTypes) _bySymbol[inner.FullName] = type.File;
        foreach (var inner in type.NestedTypes) Add(inner);
    }
}
