FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/PrefixCache.Cli -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
EXPOSE 7420
USER app
ENTRYPOINT ["/app/prefixcache"]
CMD ["serve"]
