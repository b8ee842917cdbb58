using System.Net.Sockets;

namespace Sluice.Silo.Configuration;

/// <summary>Tries the node's ports before anything is started, so that a port that is taken is one sentence and not the stack trace of whoever needed it.</summary>
internal static class PortCheck
{
    /// <summary>Listens on each port for a moment.</summary>
    /// <exception cref="SettingException">One is taken, or the address is not this machine's.</exception>
    public static void Run(NodeSettings settings)
    {
        foreach (var (name, port) in settings.Ports)
        {
            using var listener = new TcpListener(settings.Listen, port);
            try
            {
                listener.Start();
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw new SettingException($"--{name} {port}: another process listens at {settings.Listen}:{port} already; choose another port.", error);
            }
            catch (SocketException error)
            {
                throw new SettingException($"--{name} {port}: this machine cannot listen at {settings.Listen}:{port} ({error.Message}); correct --bind or --host.", error);
            }
        }
    }
}
