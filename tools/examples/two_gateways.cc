// SPDX-License-Identifier: MIT
// Two gateways in one process that hand each other octets: no socket, no clock, no simulator.
#include "base/byte_writer.h"
#include "base/hex.h"
#include "esp/packet_info.h"
#include "gateway/gateway.h"

#include <cstdio>
#include <string>

using namespace ikelab;

namespace
{

/// In swanctl.conf's words; the other side has them the other way round.
gateway::Config
ConfigOf(bool isMoon)
{
    const char* const addresses[] = {"192.0.2.1", "192.0.2.2"};
    const char* const names[] = {"moon.example", "sun.example"};
    const char* const nets[] = {"10.1.0.0/16", "10.2.0.0/16"};
    const size_t mine = isMoon ? 0 : 1;
    const nlohmann::ordered_json json = {
        {"connections",
         {{"site",
           {{"local_addrs", addresses[mine]},
            {"remote_addrs", addresses[1 - mine]},
            {"proposals", "aes256gcm16-prfsha384-x25519"},
            {"local", {{"auth", "psk"}, {"id", names[mine]}}},
            {"remote", {{"auth", "psk"}, {"id", names[1 - mine]}}},
            {"children",
             {{"net",
               {{"local_ts", nets[mine]},
                {"remote_ts", nets[1 - mine]},
                {"esp_proposals", "aes256gcm16"}}}}}}}}},
        {"secrets", {{"ike", {{"secret", "for this example only"}}}}}};
    auto config = gateway::ReadConfig(json);
    if (!config)
    {
        std::fprintf(
            stderr, "%s: %s\n", config.error().pointer.c_str(), config.error().problem.c_str());
        std::exit(2);
    }
    return std::move(*config);
}

/// One end: it is told what came, then asked for what it has to send and to say.
struct End
{
    End(const char* endName, bool isMoon, crypto::Context& context)
        : name(endName),
          random(2026, isMoon ? 1 : 2),
          gateway(ConfigOf(isMoon), context, random)
    {
    }

    const char* name;
    SeededRandom random; // the same dice each time; real sockets take the system's
    gateway::Gateway gateway;
};

/// ESP arrives. Where it goes in UDP (a NAT, `encap`) or as a whole packet (transport mode, AH)
/// `outgoing` says so, and the other end's HandleUdp, or what reads IP headers, gets it first.
gateway::Verdict
Arrive(Instant now, End& to, const gateway::Outgoing& outgoing, PacketBuffer& packet)
{
    return to.gateway.HandleEsp(
        now, {{outgoing.path.remote, outgoing.path.local}, outgoing.trafficClass}, packet);
}

/// Carry what one end has to say to the other until both are silent.
void
Exchange(Instant& now, End& one, End& other)
{
    bool silent = false;
    while (!silent)
    {
        silent = true;
        for (End* from : {&one, &other})
        {
            End& to = from == &one ? other : one;
            while (const auto datagram = from->gateway.PollTransmit())
            {
                silent = false;
                now += std::chrono::milliseconds(10);
                PacketBuffer octets(datagram->message);
                to.gateway.HandleUdp(now, {{datagram->path.remote, datagram->path.local}}, octets);
            }
            // With `nested`: IKE inside of another SA, and packets that waited for one.
            while (const auto sealed = from->gateway.PollSealed())
            {
                silent = false;
                PacketBuffer octets(sealed->packet);
                Arrive(now, to, sealed->outgoing, octets);
            }
            while (const auto event = from->gateway.PollEvent())
            {
                if (const auto* ike = std::get_if<ike::IkeSaEstablished>(&*event))
                {
                    std::printf("%s: IKE SA  %s\n", from->name, ike->suite.ToString().c_str());
                }
                else if (const auto* child = std::get_if<ike::ChildSaInstalled>(&*event))
                {
                    std::printf("%s: Child SA %s\n", from->name, child->suite.ToString().c_str());
                }
            }
        }
    }
}

/// A UDP packet from a host behind moon to one behind sun.
Buffer
InnerPacket()
{
    const std::string text = "hello, bob";
    ByteWriter writer;
    writer.U32(0x45000000u | static_cast<uint32_t>(20 + 8 + text.size()));
    writer.U32(0);
    writer.U32(64u << 24 | 17u << 16); // time to live, UDP
    writer.Octets(IpAddress::Parse("10.1.0.10")->Octets());
    writer.Octets(IpAddress::Parse("10.2.0.10")->Octets());
    writer.Patch16(10, esp::HeaderChecksum(writer.View()));
    writer.U16(4000);
    writer.U16(4000);
    writer.U16(static_cast<uint16_t>(8 + text.size()));
    writer.U16(0); // no checksum
    writer.Octets(Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
    return writer.Release();
}

} // namespace

int
main()
{
    crypto::Context context;
    End moon("moon", true, context);
    End sun("sun ", false, context);
    Instant now{};
    if (const auto begun = moon.gateway.Initiate(now, "net"); !begun)
    {
        std::fprintf(stderr, "%s\n", ToString(begun.error()).c_str());
        return 1;
    }
    Exchange(now, moon, sun);

    const Buffer inner = InnerPacket();
    PacketBuffer packet{Bytes(inner)};
    gateway::Outgoing outgoing;
    if (moon.gateway.HandleOutbound(now, gateway::Origin::FORWARDED, packet, outgoing) !=
        gateway::Verdict::PROTECT)
    {
        std::fprintf(stderr, "moon did not protect the packet\n");
        return 1;
    }
    std::printf("sealed: %zu octets of IP are %zu of ESP: %s\n",
                inner.size(),
                packet.Size(),
                ToHex(packet.View()).c_str());
    const auto verdict = Arrive(now, sun, outgoing, packet);
    const bool same = verdict == gateway::Verdict::DELIVER && SameOctets(packet.View(), inner);
    std::printf("opened: %s\n", same ? "the same octets" : "something else");
    return same ? 0 : 1;
}
