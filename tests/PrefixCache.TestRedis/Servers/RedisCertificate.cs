using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PrefixCache.TestRedis.Servers;

/// <summary>A certificate for 127.0.0.1 and localhost with an authority of its own, made for one test; valid for a day.</summary>
/// <remarks>Disposing deletes its files. Several servers may use it.</remarks>
public sealed class RedisCertificate : IDisposable
{
    /// <summary>The name that it is for.</summary>
    public const string Host = "localhost";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pfx-redis-tls-");
    private readonly X509Certificate2 _authority;

    public RedisCertificate()
    {
        var now = DateTimeOffset.UtcNow;
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=PrefixCache test authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = authorityRequest.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_authority, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));

        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>PEM file of the authority that clients must trust.</summary>
    public string AuthorityFile => Path.Combine(_folder.FullName, "authority.pem");

    /// <summary>PEM file of the server's certificate.</summary>
    public string CertificateFile => Path.Combine(_folder.FullName, "certificate.pem");

    /// <summary>PEM file of the server's key.</summary>
    public string KeyFile => Path.Combine(_folder.FullName, "key.pem");

    /// <summary>Trusts this authority and no other.</summary>
    public X509ChainPolicy TrustPolicy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authority);
        return policy;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }
}
