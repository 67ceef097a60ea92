using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Config;

/// <summary>CONFIG REWRITE without a client: brings the configuration file up to the present values.</summary>
internal static class ConfigRewrite
{
    /// <summary>Rewrites the file that the server was started with; replaced whole or not at all.</summary>
    public static ConfigReply Execute(ServerConfig config, ServerLog log, RewriteScope scope)
    {
        if (config.ConfigFile is not { } path)
            return new ConfigReply("ERR The server is running without a config file");
        try
        {
            var old = File.Exists(path) ? ByteText.From(File.ReadAllBytes(path)) : "";
            AtomicFile.Replace(path, ByteText.ToBytes(Content(config, old, scope)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = SystemErrorText.Of(e);
            log.Warning($"CONFIG REWRITE failed: {reason}");
            return new ConfigReply($"ERR Rewriting config file: {reason}");
        }

        log.Notice("CONFIG REWRITE executed with success.");
        return ConfigReply.Ok;
    }

    /// <summary>The next version of a file's content. O(lines + directives).</summary>
    public static string Content(ServerConfig config, string old, RewriteScope scope)
    {
        var lines = RewriteLines.Of(old, scope);
        foreach (var directive in DirectiveTable.Rows)
            directive.Rewrite(config.Values, lines);
        if (config.DescribeUsers is { } describeUsers)
        {
            if (config.AclFile.Length == 0)
            {
                foreach (var user in describeUsers())
                    lines.Write("user", user, LineNeed.Always);
            }

            lines.Done("user");
        }

        return lines.ToContent();
    }
}
