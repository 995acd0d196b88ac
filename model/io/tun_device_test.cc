// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "io/ip_socket.h"
#include "io/routes.h"
#include "io/testing/private_network.h"
#include "io/tun_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>

namespace ikelab::io
{
namespace
{

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

IpAddress
Address(std::string_view text)
{
    return *IpAddress::Parse(text);
}

class TunTest : public ::testing::Test
{
  protected:
    void
    SetUp() override
    {
        if (!m_network.Made())
        {
            GTEST_SKIP() << "cannot run here: no privilege for a network of its own; run as root";
        }
        if (::access("/dev/net/tun", R_OK | W_OK) != 0)
        {
            GTEST_SKIP() << "cannot run here: no /dev/net/tun";
        }
    }

    static TunDevice
    Made(unsigned mtu = 1400)
    {
        auto made = TunDevice::Open("trial%d", mtu);
        EXPECT_TRUE(made.has_value()) << made.error().message;
        return std::move(*made);
    }

    /// Give the device an IPv4 address of this host.
    static void
    SetAddress(const TunDevice& device, const char* address)
    {
        const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        ifreq request{};
        std::ranges::copy(device.Name(), request.ifr_name);
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        std::ranges::copy(Address(address).Octets(), reinterpret_cast<uint8_t*>(&v4.sin_addr));
        std::memcpy(&request.ifr_addr, &v4, sizeof v4);
        ASSERT_EQ(::ioctl(control.Get(), SIOCSIFADDR, &request), 0);
    }

    static Buffer
    ReadOne(TunDevice& device)
    {
        Buffer room(65535);
        pollfd polled{device.Descriptor(), POLLIN, 0};
        ::poll(&polled, 1, 20'000);
        const auto packet = device.Read(room);
        EXPECT_TRUE(packet.has_value() && packet->has_value());
        return packet && *packet ? ToBuffer(**packet) : Buffer();
    }

    testing::PrivateNetwork m_network;
};

TEST_F(TunTest, IsUpWithItsNameAndMtuAndQuiet)
{
    TunDevice device = Made(1280);
    EXPECT_EQ(device.Name(), "trial0");
    EXPECT_EQ(device.Index(), ::if_nametoindex("trial0"));
    const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "trial0");
    ASSERT_EQ(::ioctl(control.Get(), SIOCGIFMTU, &request), 0);
    EXPECT_EQ(request.ifr_mtu, 1280);
    ASSERT_EQ(::ioctl(control.Get(), SIOCGIFFLAGS, &request), 0);
    EXPECT_NE(request.ifr_flags & IFF_UP, 0);
    Buffer room(65535);
    pollfd polled{device.Descriptor(), POLLIN, 0};
    ::poll(&polled, 1, 300);
    const auto packet = device.Read(room);
    ASSERT_TRUE(packet.has_value());
    EXPECT_FALSE(packet->has_value()) << "the system sends nothing by itself";
}

TEST_F(TunTest, GoesWithItsObject)
{
    {
        Made();
        EXPECT_EQ(::if_nametoindex("trial0"), 0U) << "a temporary is gone at once";
        const TunDevice device = Made();
        EXPECT_NE(::if_nametoindex("trial0"), 0U);
    }
    EXPECT_EQ(::if_nametoindex("trial0"), 0U);
}

TEST_F(TunTest, ErrorsNameTheDeviceAndTheRemedy)
{
    const TunDevice device = Made();
    const auto again = TunDevice::Open(device.Name(), 1400);
    ASSERT_FALSE(again.has_value());
    EXPECT_THAT(again.error().message, HasSubstr("trial0"));
    EXPECT_THAT(again.error().message, HasSubstr("--tun"));
    EXPECT_FALSE(TunDevice::Open("a-name-that-is-too-long", 1400).has_value());
    EXPECT_FALSE(TunDevice::Open("", 1400).has_value());
    const auto mtu = TunDevice::Open("other0", 20);
    ASSERT_FALSE(mtu.has_value());
    EXPECT_THAT(mtu.error().message, HasSubstr("MTU of other0 to 20"));
}

TEST_F(TunTest, TellsThePathMtuOfItsRoutesToThoseWhoTakeThem)
{
    TunDevice device = Made(1372);
    SetAddress(device, "10.99.1.1");
    EXPECT_EQ(PathMtuTo(Address("10.99.2.9")), 0U) << "no route";
    EXPECT_EQ(LinkMtuTo(Address("10.99.2.9")), 0U);
    auto routes = PolicyRoutes::Open();
    ASSERT_TRUE(routes.has_value());
    ASSERT_TRUE(routes->Add(
        {.network = Address("10.99.2.0"), .prefixLength = 24, .interfaceIndex = device.Index()}));
    EXPECT_EQ(PathMtuTo(Address("10.99.2.9")), 1372U);
    EXPECT_EQ(LinkMtuTo(Address("10.99.2.9")), 1372U);
    EXPECT_EQ(LinkMtuTo(Address("10.99.2.9"), PolicyRoutes::MARK), 0U);
    EXPECT_EQ(PathMtuTo(Address("10.99.2.9"), PolicyRoutes::MARK), 0U)
        << "our own sockets do not look into the table";
}

TEST_F(TunTest, RoutedPacketsComeOutAndAnswersGoIn)
{
    TunDevice device = Made();
    SetAddress(device, "10.99.1.1");
    auto routes = PolicyRoutes::Open();
    ASSERT_TRUE(routes.has_value());
    const auto added = routes->Add({.network = Address("10.99.2.0"),
                                    .prefixLength = 24,
                                    .interfaceIndex = device.Index(),
                                    .preferredSource = Address("10.99.1.1")});
    ASSERT_TRUE(added.has_value()) << added.error().message;
    EXPECT_EQ(SourceAddressFor(Address("10.99.2.9")), Address("10.99.1.1"));

    auto socket = IpSocket::BindUdp({Address("0.0.0.0"), 0});
    ASSERT_TRUE(socket.has_value());
    const SocketAddress there{Address("10.99.2.9"), 7};
    ASSERT_TRUE(socket->Send({{}, there}, Hex("aabb")));
    Buffer packet = ReadOne(device);
    ASSERT_EQ(packet.size(), 30U);
    EXPECT_EQ(ToHex(Bytes(packet).subspan(12, 8)), "0a6301010a630209");

    // An echo: the sums stay what they are when ends are swapped.
    std::swap_ranges(packet.begin() + 12, packet.begin() + 16, packet.begin() + 16);
    std::swap_ranges(packet.begin() + 20, packet.begin() + 22, packet.begin() + 22);
    ASSERT_TRUE(device.Write(packet));
    Buffer room(IpSocket::PACKET_OCTETS_MAX);
    pollfd polled{socket->Descriptor(), POLLIN, 0};
    ::poll(&polled, 1, 20'000);
    const auto answer = socket->Receive(room);
    ASSERT_TRUE(answer.has_value() && answer->has_value());
    EXPECT_EQ((*answer)->path.remote, there);
    EXPECT_EQ((*answer)->path.local.address, Address("10.99.1.1"));
    EXPECT_EQ(ToHex((*answer)->payload), "aabb");
}

TEST_F(TunTest, MarkedSocketsStayOutOfTheTunnel)
{
    TunDevice device = Made();
    SetAddress(device, "10.99.1.1");
    auto routes = PolicyRoutes::Open();
    ASSERT_TRUE(routes.has_value());
    for (const char* everything : {"0.0.0.0", "128.0.0.0"})
    {
        ASSERT_TRUE(routes->Add(
            {.network = Address(everything), .prefixLength = 1, .interfaceIndex = device.Index()}));
    }
    auto socket = IpSocket::BindUdp({Address("0.0.0.0"), 0});
    ASSERT_TRUE(socket.has_value());
    const Path path{{}, {Address("192.0.2.2"), 500}};
    ASSERT_TRUE(socket->Send(path, Hex("01")));
    EXPECT_EQ(ReadOne(device).size(), 29U);
    ASSERT_TRUE(socket->SetMark(PolicyRoutes::MARK));
    const auto refused = socket->Send(path, Hex("01"));
    ASSERT_FALSE(refused.has_value()) << "there is no other route here";
    EXPECT_EQ(refused.error().code, ENETUNREACH);
}

TEST_F(TunTest, TheRuleGoesWithTheRoutes)
{
    TunDevice device = Made();
    SetAddress(device, "10.99.1.1");
    {
        auto routes = PolicyRoutes::Open();
        ASSERT_TRUE(routes.has_value());
        for (const auto& [network, length] :
             {std::pair{"10.99.2.0", 24U}, std::pair{"2001:db8:99:2::", 64U}})
        {
            const auto added = routes->Add({.network = Address(network),
                                            .prefixLength = length,
                                            .interfaceIndex = device.Index()});
            ASSERT_TRUE(added.has_value()) << added.error().message;
        }
        EXPECT_TRUE(SourceAddressFor(Address("10.99.2.9")).has_value());
    }
    EXPECT_FALSE(SourceAddressFor(Address("10.99.2.9")).has_value());
}

TEST_F(TunTest, LocalAddressesAreThoseOfTheInterfaces)
{
    const TunDevice device = Made();
    SetAddress(device, "10.99.1.1");
    const auto addresses = LocalAddresses();
    ASSERT_TRUE(addresses.has_value());
    EXPECT_THAT(*addresses, Contains(Address("10.99.1.1")));
    EXPECT_THAT(*addresses, Contains(Address("127.0.0.1")));
    EXPECT_THAT(*addresses, Not(Contains(Address("10.99.1.2"))));
    EXPECT_TRUE(std::ranges::is_sorted(*addresses));
}

std::vector<std::string>
Texts(std::string_view range)
{
    std::vector<std::string> texts;
    for (const IpRange& prefix : ToPrefixes(*IpRange::Parse(range)))
    {
        EXPECT_TRUE(prefix.PrefixLength().has_value());
        texts.push_back(prefix.ToString());
    }
    return texts;
}

TEST(ToPrefixes, CutsARangeIntoItsLargestBlocks)
{
    using Strings = std::vector<std::string>;
    EXPECT_EQ(Texts("10.99.2.0/24"), Strings{"10.99.2.0/24"});
    EXPECT_EQ(Texts("10.0.0.1-10.0.0.6"),
              (Strings{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}));
    EXPECT_EQ(Texts("0.0.0.0/0"), Strings{"0.0.0.0/0"});
    EXPECT_EQ(Texts("255.255.255.254-255.255.255.255"), Strings{"255.255.255.254/31"});
    EXPECT_EQ(Texts("::/0"), Strings{"::/0"});
    EXPECT_EQ(Texts("2001:db8::-2001:db8::ffff"), Strings{"2001:db8::/112"});
    EXPECT_EQ(ToPrefixes(*IpRange::Parse("0.0.0.1-255.255.255.254")).size(), 62U);
}

} // namespace
} // namespace ikelab::io
