// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/secret_bytes.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace ikelab::crypto
{
namespace
{

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);

TEST(SecretBytes, MovesItsOctetsAndLeavesNothing)
{
    SecretBytes from(Hex("010203"));
    SecretBytes to(std::move(from));
    EXPECT_TRUE(from.Empty()); // NOLINT: what a moved-from secret holds is the claim
    EXPECT_EQ(ToHex(to.View()), "010203");
    SecretBytes other(Hex("ff"));
    other = std::move(to);
    EXPECT_EQ(ToHex(other.View()), "010203");
    EXPECT_TRUE(to.Empty()); // NOLINT
}

TEST(SecretBytes, CopiesOnlyWhenAsked)
{
    SecretBytes from(Hex("0102"));
    SecretBytes copy = from.Copy();
    from.Writable()[0] = 9;
    EXPECT_EQ(ToHex(copy.View()), "0102");
}

TEST(SameSecret, ComparesLengthAndEveryOctet)
{
    const Buffer secret = Hex("00112233445566778899aabbccddeeff");
    EXPECT_TRUE(SameSecret(secret, secret));
    EXPECT_TRUE(SameSecret({}, {}));
    EXPECT_FALSE(SameSecret(secret, Bytes(secret).first(15)));
    for (size_t i = 0; i < secret.size(); i++)
    {
        Buffer other = secret;
        other[i] ^= 1;
        EXPECT_FALSE(SameSecret(secret, other)) << i;
    }
}

} // namespace
} // namespace ikelab::crypto
