// SPDX-License-Identifier: MIT
#include "base/bytes.h"
#include "io/tap_device.h"
#include "io/testing/private_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <linux/if_tun.h>
#include <poll.h>
#include <string>
#include <thread>

namespace ikelab::io
{
namespace
{

using ::testing::HasSubstr;

/// A device of /dev/net/tun that stays, in the network of the calling thread.
void
MakeDevice(const char* name, short kind)
{
    const FileDescriptor file(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    ifreq request{};
    std::strcpy(request.ifr_name, name);
    request.ifr_flags = static_cast<short>(kind | IFF_NO_PI);
    ASSERT_EQ(::ioctl(file.Get(), TUNSETIFF, &request), 0);
    ASSERT_EQ(::ioctl(file.Get(), TUNSETPERSIST, 1), 0);
}

void
BringUp(const char* name)
{
    const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, name);
    request.ifr_flags = IFF_UP;
    ASSERT_EQ(::ioctl(control.Get(), SIOCSIFFLAGS, &request), 0);
}

std::string
Complaint(const TapPlace& place)
{
    const auto attached = AttachTap(place);
    return attached ? "attached" : attached.error().message;
}

class TapTest : public ::testing::Test
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

    testing::PrivateNetwork m_network;
};

TEST_F(TapTest, GivesTheFramesThatTheSystemSends)
{
    MakeDevice("tap7", IFF_TAP);
    const auto file = AttachTap({"tap7", ""});
    ASSERT_TRUE(file.has_value()) << file.error().message;
    BringUp("tap7"); // and the system greets with IPv6 multicast
    pollfd polled{file->Get(), POLLIN, 0};
    ASSERT_EQ(::poll(&polled, 1, 20'000), 1);
    Buffer room(2000);
    const ssize_t got = ::read(file->Get(), room.data(), room.size());
    ASSERT_GT(got, 14);
    EXPECT_EQ(room[12], 0x86); // the type of IPv6 in an Ethernet header, no other header before it
    EXPECT_EQ(room[13], 0xdd);
}

TEST_F(TapTest, LeavesTheDeviceWhereItIs)
{
    MakeDevice("tap7", IFF_TAP);
    ASSERT_EQ(Complaint({"tap7", ""}), "attached");
    EXPECT_NE(::if_nametoindex("tap7"), 0U);
    EXPECT_EQ(Complaint({"tap7", ""}), "attached") << "a second run finds it free";
}

TEST_F(TapTest, ReachesIntoAnotherNetworkAndStaysInItsOwn)
{
    MakeDevice("tap7", IFF_TAP);
    const std::string there = "/proc/self/task/" + std::to_string(::gettid()) + "/ns/net";
    std::thread elsewhere(
        [&]
        {
            const testing::PrivateNetwork empty;
            EXPECT_THAT(Complaint({"tap7", ""}),
                        HasSubstr("there is no interface tap7; make it: "));
            EXPECT_EQ(Complaint({"tap7", there}), "attached");
            EXPECT_EQ(::if_nametoindex("tap7"), 0U) << "still in the empty network";
        });
    elsewhere.join();
}

TEST_F(TapTest, ErrorsNameTheDeviceAndTheRemedy)
{
    MakeDevice("tap7", IFF_TAP);
    MakeDevice("tun7", IFF_TUN);
    const auto first = AttachTap({"tap7", ""});
    ASSERT_TRUE(first.has_value());
    EXPECT_THAT(Complaint({"tap7", ""}), HasSubstr("tap7: Device or resource busy; something"));
    EXPECT_THAT(Complaint({"tun7", ""}), HasSubstr("tun7: Invalid argument; it is no TAP device"));
    EXPECT_THAT(Complaint({"lo", ""}), HasSubstr("it is no TAP device"));
    EXPECT_THAT(Complaint({"tap8", ""}),
                HasSubstr("no interface tap8; make it: ip tuntap add dev tap8 mode tap"));
    EXPECT_THAT(Complaint({"tap7", "no-such-network"}), HasSubstr("make it: ip netns add no-such"));
    EXPECT_THAT(Complaint({"tap7", "/dev/null"}), HasSubstr("is no network namespace"));
    EXPECT_THAT(Complaint({"", ""}), HasSubstr("1 to 15 letters"));
    EXPECT_THAT(Complaint({"a-name-that-is-too-long", ""}), HasSubstr("1 to 15 letters"));
}

} // namespace
} // namespace ikelab::io
