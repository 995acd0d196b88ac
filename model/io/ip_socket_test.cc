// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "io/ip_socket.h"
#include "io/testing/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <poll.h>

namespace ikelab::io
{
namespace
{

using ::testing::HasSubstr;

constexpr uint8_t ESP = 50;

IpAddress
Address(std::string_view text)
{
    return *IpAddress::Parse(text);
}

IpSocket
Bound(std::string_view address, uint16_t port = 0)
{
    auto made = IpSocket::BindUdp({Address(address), port});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return std::move(*made);
}

/// The next packet, waited for.
std::optional<ReceivedPacket>
ReceiveOne(IpSocket& socket, Buffer& room)
{
    room.resize(IpSocket::PACKET_OCTETS_MAX);
    pollfd polled{socket.Descriptor(), POLLIN, 0};
    ::poll(&polled, 1, 20'000);
    auto received = socket.Receive(room);
    EXPECT_TRUE(received.has_value());
    return received ? *received : std::nullopt;
}

TEST(IpSocket, ReceivesNothingWhenNothingWaits)
{
    IpSocket socket = Bound("127.0.0.1");
    Buffer room(IpSocket::PACKET_OCTETS_MAX);
    const auto received = socket.Receive(room);
    ASSERT_TRUE(received.has_value());
    EXPECT_FALSE(received->has_value());
}

TEST(IpSocket, BoundToAllAddressesTellsWhichOneAPacketCameTo)
{
    IpSocket all = Bound("0.0.0.0");
    IpSocket sender = Bound("127.0.0.1");
    Buffer room;
    for (const char* ours : {"127.0.0.2", "127.0.0.77"})
    {
        const SocketAddress target{Address(ours), all.Local().port};
        ASSERT_TRUE(sender.Send({sender.Local(), target}, Hex("c0ffee")));
        const auto packet = ReceiveOne(all, room);
        ASSERT_TRUE(packet.has_value());
        EXPECT_EQ(packet->path.local.ToString(), target.ToString());
        EXPECT_EQ(packet->path.remote.ToString(), sender.Local().ToString());
        EXPECT_EQ(ToHex(packet->payload), "c0ffee");
        EXPECT_EQ(packet->ipHeaderOctets, 0U);
    }
}

TEST(IpSocket, BoundToAllAddressesSendsFromTheOneItIsTold)
{
    IpSocket all = Bound("0.0.0.0");
    IpSocket receiver = Bound("127.0.0.1");
    Buffer room;
    for (const char* ours : {"127.0.0.2", "127.0.0.77"})
    {
        const SocketAddress from{Address(ours), all.Local().port};
        ASSERT_TRUE(all.Send({from, receiver.Local()}, Hex("01")));
        const auto packet = ReceiveOne(receiver, room);
        ASSERT_TRUE(packet.has_value());
        EXPECT_EQ(packet->path.remote.ToString(), from.ToString());
    }
}

TEST(IpSocket, WorksOverIpv6AndStandsBesideIpv4OnOnePort)
{
    IpSocket v4 = Bound("0.0.0.0");
    auto made = IpSocket::BindUdp({Address("::"), v4.Local().port});
    if (!made && made.error().code == EAFNOSUPPORT)
    {
        GTEST_SKIP() << made.error().message;
    }
    ASSERT_TRUE(made.has_value()) << made.error().message;
    const SocketAddress ours{Address("::1"), made->Local().port};
    IpSocket other = Bound("::1");
    Buffer room;
    ASSERT_TRUE(made->Send({ours, other.Local()}, Hex("0102")));
    auto packet = ReceiveOne(other, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->path.remote.ToString(), ours.ToString());
    ASSERT_TRUE(other.Send({other.Local(), packet->path.remote}, Hex("03")));
    packet = ReceiveOne(*made, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->path.local.ToString(), ours.ToString());
    EXPECT_EQ(ToHex(packet->payload), "03");
}

TEST(IpSocket, TellsTheTrafficClassThatAPacketCameWith)
{
    for (const char* loopback : {"127.0.0.1", "::1"})
    {
        auto receiver = IpSocket::BindUdp({Address(loopback), 0});
        if (!receiver && receiver.error().code == EAFNOSUPPORT)
        {
            GTEST_SKIP() << receiver.error().message;
        }
        ASSERT_TRUE(receiver.has_value()) << receiver.error().message;
        IpSocket sender = Bound(loopback);
        Buffer room;
        for (const uint8_t trafficClass : {0x00, 0x03, 0xba})
        {
            ASSERT_TRUE(sender.Send(
                {sender.Local(), receiver->Local()}, Hex("01"), {.trafficClass = trafficClass}));
            const auto packet = ReceiveOne(*receiver, room);
            ASSERT_TRUE(packet.has_value());
            EXPECT_EQ(packet->trafficClass, trafficClass);
        }
    }
}

TEST(IpSocket, CarriesTheLargestDatagramAndPassesOverWhatDoesNotFit)
{
    IpSocket receiver = Bound("127.0.0.1");
    IpSocket sender = Bound("127.0.0.1");
    const Path path{sender.Local(), receiver.Local()};
    const Buffer largest(65507, 0xA5);
    Buffer room;
    ASSERT_TRUE(sender.Send(path, largest));
    const auto packet = ReceiveOne(receiver, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_TRUE(SameOctets(packet->payload, largest));

    ASSERT_TRUE(sender.Send(path, Buffer(100, 1)));
    ASSERT_TRUE(sender.Send(path, Buffer(3, 2)));
    Buffer small(10);
    pollfd polled{receiver.Descriptor(), POLLIN, 0};
    ::poll(&polled, 1, 20'000);
    const auto next = receiver.Receive(small);
    ASSERT_TRUE(next.has_value() && next->has_value());
    EXPECT_EQ(ToHex((*next)->payload), "020202") << "a part of a longer datagram is none";

    EXPECT_FALSE(sender.Send(path, Buffer(65508, 0)));
    ASSERT_TRUE(sender.Send(path, {})) << "an empty datagram is a datagram";
    EXPECT_EQ(ReceiveOne(receiver, room)->payload.size(), 0U);
}

TEST(IpSocket, ErrorsSayWhatWhereAndWhatToDo)
{
    IpSocket first = Bound("127.0.0.1");
    const auto second = IpSocket::BindUdp(first.Local());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, EADDRINUSE);
    EXPECT_THAT(second.error().message, HasSubstr("cannot bind UDP " + first.Local().ToString()));
    EXPECT_THAT(second.error().message, HasSubstr("another IKE daemon"));

    const auto foreign = IpSocket::BindUdp({Address("192.0.2.77"), 0});
    ASSERT_FALSE(foreign.has_value());
    EXPECT_EQ(foreign.error().code, EADDRNOTAVAIL);
    EXPECT_THAT(foreign.error().message, HasSubstr("192.0.2.77[0]"));
    EXPECT_THAT(foreign.error().message, HasSubstr("local_addrs"));
}

TEST(IpSocket, ServesItsAddressAndFamilyOnly)
{
    const IpSocket one = Bound("127.0.0.2");
    EXPECT_TRUE(one.Serves(Address("127.0.0.2")));
    EXPECT_TRUE(one.Serves(Address("0.0.0.0")));
    EXPECT_FALSE(one.Serves(Address("127.0.0.3")));
    EXPECT_FALSE(one.Serves(Address("::1")));
    EXPECT_TRUE(Bound("0.0.0.0").Serves(Address("127.0.0.3")));
}

TEST(IpSocket, TheSourceForALoopbackAddressIsLoopback)
{
    EXPECT_EQ(SourceAddressFor(Address("127.0.0.9")), Address("127.0.0.1"));
}

/// Protocol 50 between two addresses of the loopback, in a network of its own: on the host's the
/// packets would reach any other IPsec program.
class RawSocket : public ::testing::TestWithParam<std::pair<const char*, const char*>>
{
};

TEST_P(RawSocket, CarriesThePayloadBetweenTheAddressesItIsTold)
{
    const testing::PrivateNetwork network;
    if (!network.Made())
    {
        GTEST_SKIP() << "cannot run here: no privilege for a network of its own; run as root";
    }
    const IpAddress here = Address(GetParam().first);
    const IpAddress there = Address(GetParam().second);
    auto socket = IpSocket::OpenRaw(Address(here.IsV4() ? "0.0.0.0" : "::"), ESP);
    ASSERT_TRUE(socket.has_value()) << socket.error().message;
    const Buffer payload = Hex("1122334400000001cafe");
    ASSERT_TRUE(socket->Send({{here, 4500}, {there, 4500}}, payload, {0x2E, true}));
    Buffer room;
    const auto packet = ReceiveOne(*socket, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->path.local, (SocketAddress{there, 0}));
    EXPECT_EQ(packet->path.remote, (SocketAddress{here, 0}));
    EXPECT_EQ(ToHex(packet->payload), ToHex(payload));
    EXPECT_EQ(packet->ipHeaderOctets, here.IsV4() ? 20U : 0U);
    if (here.IsV4())
    {
        EXPECT_EQ(room[1], 0x2E) << "traffic class";
        EXPECT_EQ(room[6] & 0x40, 0x40) << "don't fragment";
        EXPECT_EQ(room[9], ESP);
    }
}

// A header of our own, and afterwards the system's again.
TEST_P(RawSocket, SendsWholePacketsAsTheyAre)
{
    const testing::PrivateNetwork network;
    if (!network.Made())
    {
        GTEST_SKIP() << "cannot run here: no privilege for a network of its own; run as root";
    }
    const IpAddress here = Address(GetParam().first);
    const IpAddress there = Address(GetParam().second);
    auto socket = IpSocket::OpenRaw(Address(here.IsV4() ? "0.0.0.0" : "::"), ESP);
    ASSERT_TRUE(socket.has_value()) << socket.error().message;
    const Buffer payload = Hex("1122334400000001cafe");
    Buffer whole = here.IsV4() ? Hex("4728002612344000213200007f0000017f0000059404000001010100")
                               : Hex("62812345000a3221");
    if (here.IsV6())
    {
        Append(whole, here.Octets());
        Append(whole, there.Octets());
    }
    const size_t header = whole.size();
    Append(whole, payload);
    ASSERT_TRUE(socket->SendWhole(there, whole));
    Buffer room;
    auto packet = ReceiveOne(*socket, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(ToHex(packet->payload), ToHex(payload));
    EXPECT_EQ(packet->trafficClass, 0x28);
    if (here.IsV4())
    {
        Buffer came = room;
        came.resize(header);
        ASSERT_EQ(packet->ipHeaderOctets, header);
        came[10] = came[11] = 0; // the system's checksum
        EXPECT_EQ(ToHex(came), ToHex(Bytes(whole).first(header)));
    }
    ASSERT_TRUE(socket->Send({{here, 0}, {there, 0}}, payload));
    packet = ReceiveOne(*socket, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(ToHex(packet->payload), ToHex(payload));
    EXPECT_EQ(packet->trafficClass, 0);
    EXPECT_FALSE(socket->SendWhole(there, Buffer(70000))) << "no IP packet is so long";
}

INSTANTIATE_TEST_SUITE_P(Families,
                         RawSocket,
                         ::testing::Values(std::pair("127.0.0.1", "127.0.0.5"),
                                           std::pair("::1", "::1")),
                         [](const auto& row) { return row.index == 0 ? "v4" : "v6"; });

TEST(RawSocketMtu, FragmentsWhatIsLargerThanTheMtuUnlessForbidden)
{
    const testing::PrivateNetwork network;
    if (!network.Made())
    {
        GTEST_SKIP() << "cannot run here: no privilege for a network of its own; run as root";
    }
    const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_mtu = 1500;
    ASSERT_EQ(::ioctl(control.Get(), SIOCSIFMTU, &request), 0);
    auto socket = IpSocket::OpenRaw(Address("0.0.0.0"), ESP);
    ASSERT_TRUE(socket.has_value()) << socket.error().message;
    const Path path{{Address("127.0.0.1"), 0}, {Address("127.0.0.5"), 0}};
    const Buffer payload(4000, 0x77);
    ASSERT_TRUE(socket->Send(path, payload));
    Buffer room;
    const auto packet = ReceiveOne(*socket, room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_TRUE(SameOctets(packet->payload, payload));

    const auto refused = socket->Send(path, payload, {.dontFragment = true});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, EMSGSIZE);
    EXPECT_THAT(refused.error().message, HasSubstr("4000 octets 127.0.0.1[0] -> 127.0.0.5[0]"));
}

} // namespace
} // namespace ikelab::io
