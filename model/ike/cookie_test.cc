// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "ike/cookie.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using std::chrono::seconds;

struct Jar
{
    SeededRandom random{1};
    CookieJar jar{testing::SharedContext(), random};
    SocketAddress from = testing::Socket("192.0.2.1");
    IkeSpi spi{77};
    Buffer nonce = Buffer(32, 5);
    Instant now{};

    Buffer
    Bake()
    {
        return *jar.Bake(now, from, spi, nonce);
    }

    bool
    Check(const Buffer& cookie)
    {
        return jar.Check(now, from, spi, nonce, cookie);
    }
};

TEST(CookieJar, KnowsItsOwnCookies)
{
    Jar jar;
    const Buffer cookie = jar.Bake();
    EXPECT_TRUE(jar.Check(cookie));
    EXPECT_GE(cookie.size(), 1u);
    EXPECT_LE(cookie.size(), limits::COOKIE_OCTETS);
}

TEST(CookieJar, RefusesACookieForAnythingElse)
{
    Jar jar;
    const Buffer cookie = jar.Bake();
    EXPECT_FALSE(jar.jar.Check(jar.now, testing::Socket("192.0.2.9"), jar.spi, jar.nonce, cookie));
    EXPECT_FALSE(
        jar.jar.Check(jar.now, testing::Socket("192.0.2.1", 501), jar.spi, jar.nonce, cookie));
    EXPECT_FALSE(jar.jar.Check(jar.now, jar.from, IkeSpi{78}, jar.nonce, cookie));
    EXPECT_FALSE(jar.jar.Check(jar.now, jar.from, jar.spi, Buffer(32, 6), cookie));
    EXPECT_FALSE(jar.Check({}));
    EXPECT_FALSE(jar.Check(Buffer(cookie.size(), 0)));
    for (size_t bit = 0; bit < 8 * cookie.size(); ++bit)
    {
        Buffer flipped = cookie;
        flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(jar.Check(flipped));
    }
}

TEST(CookieJar, HonoursTheSecretBeforeAndNoOlderOne)
{
    Jar jar;
    const Buffer cookie = jar.Bake();
    jar.now += seconds(61);
    EXPECT_NE(jar.Bake(), cookie);
    EXPECT_TRUE(jar.Check(cookie));
    jar.now += seconds(61);
    EXPECT_FALSE(jar.Check(cookie));
}

TEST(CookieJar, HonoursNothingAfterALongPause)
{
    Jar jar;
    const Buffer cookie = jar.Bake();
    jar.now += seconds(1000);
    EXPECT_FALSE(jar.Check(cookie));
}

} // namespace
} // namespace ikelab::ike
