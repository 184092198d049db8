using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using PrefixCache.Server.Security;

namespace PrefixCache.Server.Admin;

/// <summary>HTTP for operators: whether the node lives and serves, and its metrics.</summary>
/// <remarks>Owns its listener. On loopback anybody may ask; elsewhere a token of the token file that has the word admin is wanted.</remarks>
internal sealed class AdminServer : IAsyncDisposable
{
    private const long MaxRequestBytes = 64 << 10;

    private readonly WebApplication _app;
    private readonly AdminPages _pages;
    private readonly TokenFile? _tokens;
    private readonly ILogger _logger;
    private readonly bool _isOpen;

    /// <param name="endPoint">Where it listens.</param>
    /// <param name="tokens">Those of the node; null = there are none.</param>
    public AdminServer(IPEndPoint endPoint, AdminPages pages, TokenFile? tokens, ILogger<AdminServer> logger)
    {
        (_pages, _tokens, _logger, _isOpen) = (pages, tokens, logger, IPAddress.IsLoopback(endPoint.Address));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "prefixcache-admin" });
        // What the web host says of a failed start is told by who starts it.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, endPoint));
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>http://127.0.0.1:7480, once it is started.</summary>
    public string Address => _app.Urls.First();

    /// <exception cref="IOException">The address is in use.</exception>
    public Task StartAsync() => _app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _pages.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint endPoint)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
        kestrel.Limits.MaxConcurrentConnections = 256;
        kestrel.Listen(endPoint, listener => listener.Protocols = HttpProtocols.Http1);
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (_pages.Find(request.Path.Value ?? "") is not { } page)
        {
            await AnswerAsync(response, new AdminAnswer(404, $"There is nothing here: {string.Join(", ", AdminPages.Paths)} are.\n"));
        }
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            await AnswerAsync(response, new AdminAnswer(405, "Only GET.\n"));
        }
        else if (page.WantsToken && !IsAllowed(request))
        {
            response.Headers.WWWAuthenticate = "Bearer";
            await AnswerAsync(response, new AdminAnswer(401, "Send authorization: Bearer TOKEN, with a token that has the word admin in token-file.\n"));
        }
        else
        {
            await AnswerAsync(response, Ask(page));
        }
    }

    private AdminAnswer Ask(AdminPage page)
    {
        try
        {
            return page.Answer();
        }
        catch (Exception exception)
        {
            Log.AdminFault(_logger, exception);
            return new AdminAnswer(500, "The node could not answer: its log says why.\n");
        }
    }

    private static async Task AnswerAsync(HttpResponse response, AdminAnswer answer)
    {
        (response.StatusCode, response.ContentType) = (answer.Status, answer.ContentType);
        await response.WriteAsync(answer.Text);
    }

    private bool IsAllowed(HttpRequest request) => _isOpen
        || (TokenFile.TryReadBearer(request.Headers.Authorization, out var token) && _tokens?.Find(token) is { IsAdmin: true });
}
