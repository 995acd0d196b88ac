// SPDX-License-Identifier: MIT
#include "ike/sa_table.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using std::chrono::seconds;

struct Table
{
    SaTable table;
    std::shared_ptr<const ConnectionConfig> connection = std::make_shared<ConnectionConfig>();

    IkeSa&
    Add(uint64_t spi, std::optional<InitKey> init = {})
    {
        auto sa = std::make_unique<IkeSa>();
        sa->spis.responder = IkeSpi{spi};
        sa->path.remote = testing::Socket("192.0.2.1");
        sa->connection = connection;
        return table.Add(std::move(sa), init);
    }
};

TEST(SaTable, FindsAnSaByNumberSpiAndFirstMessage)
{
    Table t;
    const InitKey key{testing::Socket("192.0.2.1"), {1, 2, 3}};
    IkeSa& sa = t.Add(7, key);
    EXPECT_EQ(t.table.Find(sa.id), &sa);
    EXPECT_EQ(t.table.FindBySpi(IkeSpi{7}), &sa);
    EXPECT_EQ(t.table.FindByInit(key), &sa);
    EXPECT_EQ(t.table.FindByInit({testing::Socket("192.0.2.2"), key.digest}), nullptr);
    t.table.Erase(sa.id);
    t.table.Erase(IkeSaId{1});
    EXPECT_EQ(t.table.Find(IkeSaId{1}), nullptr);
    EXPECT_EQ(t.table.FindBySpi(IkeSpi{7}), nullptr);
    EXPECT_EQ(t.table.FindByInit(key), nullptr);
}

TEST(SaTable, GivesNumbersOnlyOnce)
{
    Table t;
    const IkeSaId first = t.Add(1).id;
    t.table.Erase(first);
    EXPECT_NE(t.Add(1).id, first);
}

TEST(SaTable, TakesTimersInOrderAndEachOnce)
{
    Table t;
    const IkeSaId late = t.Add(1).id;
    const IkeSaId soon = t.Add(2).id;
    const Instant now{};
    t.table.SetTimer(late, now + seconds(9));
    t.table.SetTimer(soon, now + seconds(5));
    EXPECT_EQ(t.table.NextTimer(), now + seconds(5));
    EXPECT_EQ(t.table.TakeDue(now + seconds(4)), nullptr);
    EXPECT_EQ(t.table.TakeDue(now + seconds(9))->id, soon);
    EXPECT_EQ(t.table.TakeDue(now + seconds(9))->id, late);
    EXPECT_EQ(t.table.TakeDue(now + seconds(9)), nullptr);
    t.table.SetTimer(late, now);
    t.table.SetTimer(late, std::nullopt);
    t.table.SetTimer(soon, now);
    t.table.Erase(soon);
    EXPECT_EQ(t.table.NextTimer(), std::nullopt);
}

TEST(SaTable, CountsHalfOpenSasUntilTheyAreUpOrErased)
{
    Table t;
    IkeSa& first = t.Add(1);
    IkeSa& second = t.Add(2);
    const IpAddress address = first.path.remote.address;
    EXPECT_EQ(t.table.HalfOpen(), 2u);
    EXPECT_EQ(t.table.HalfOpenFrom(address), 2u);
    first.state = Established{};
    first.wasEstablished = true;
    t.table.Update(first);
    t.table.Update(first);
    EXPECT_EQ(t.table.HalfOpen(), 1u);
    second.state = Lingering{}; // refused: it stays on the bill until it is erased
    t.table.Update(second);
    EXPECT_EQ(t.table.HalfOpenFrom(address), 1u);
    t.table.Erase(second.id);
    EXPECT_EQ(t.table.HalfOpen(), 0u);
    EXPECT_EQ(t.table.HalfOpenFrom(address), 0u);
}

TEST(SaTable, FindsSasByConnectionUntilTheyAreClosed)
{
    Table t;
    IkeSa& first = t.Add(1);
    IkeSa& second = t.Add(2);
    EXPECT_EQ(t.table.OfConnection(t.connection.get()), (std::vector<IkeSa*>{&first, &second}));
    const auto other = std::make_shared<ConnectionConfig>();
    first.connection = other;
    t.table.Update(first);
    EXPECT_EQ(t.table.OfConnection(t.connection.get()), std::vector<IkeSa*>{&second});
    EXPECT_EQ(t.table.OfConnection(other.get()), std::vector<IkeSa*>{&first});
    second.state = Lingering{};
    t.table.Update(second);
    EXPECT_TRUE(t.table.OfConnection(t.connection.get()).empty());
    t.table.Erase(first.id);
    EXPECT_TRUE(t.table.OfConnection(other.get()).empty());
}

TEST(SaTable, FindsEstablishedSasByBothIdentities)
{
    Table t;
    IkeSa& sa = t.Add(1);
    sa.localId = testing::Id("sun.example");
    sa.remoteId = testing::Id("moon.example");
    t.table.Update(sa);
    EXPECT_TRUE(t.table.Between(sa.localId, sa.remoteId).empty());
    sa.state = Established{};
    t.table.Update(sa);
    EXPECT_EQ(t.table.Between(sa.localId, sa.remoteId), std::vector<IkeSa*>{&sa});
    EXPECT_TRUE(t.table.Between(sa.remoteId, sa.localId).empty());
    sa.state = Deleting{};
    t.table.Update(sa);
    EXPECT_TRUE(t.table.Between(sa.localId, sa.remoteId).empty());
}

TEST(SaTable, KnowsOthersBetweenTwoIdentitiesUntilTheyAreClosed)
{
    Table t;
    IkeSa& first = t.Add(1);
    IkeSa& second = t.Add(2);
    const Identity sun = testing::Id("sun.example");
    const Identity moon = testing::Id("moon.example");
    for (IkeSa* sa : {&first, &second})
    {
        sa->localId = sun;
        sa->remoteId = moon;
        t.table.Update(*sa);
    }
    EXPECT_FALSE(t.table.HasOtherBetween(first, sun, moon));
    second.state = Established{};
    t.table.Update(second);
    EXPECT_TRUE(t.table.HasOtherBetween(first, sun, moon));
    EXPECT_FALSE(t.table.HasOtherBetween(second, sun, moon));
    EXPECT_FALSE(t.table.HasOtherBetween(first, moon, sun));
    second.state = Deleting{}; // the peer may not know yet
    t.table.Update(second);
    EXPECT_TRUE(t.table.HasOtherBetween(first, sun, moon));
    second.state = Lingering{};
    t.table.Update(second);
    EXPECT_FALSE(t.table.HasOtherBetween(first, sun, moon));
}

TEST(SaTable, KnowsOthersOfAPeerByItsAddressAndItsConnection)
{
    Table t;
    IkeSa& first = t.Add(1);
    EXPECT_FALSE(t.table.HasOtherWithPeerOf(first));
    IkeSa& second = t.Add(2);
    EXPECT_TRUE(t.table.HasOtherWithPeerOf(first));
    second.path.remote = testing::Socket("192.0.2.9");
    t.table.Update(second);
    EXPECT_TRUE(t.table.HasOtherWithPeerOf(first)); // the same connection
    second.connection = std::make_shared<ConnectionConfig>();
    t.table.Update(second);
    EXPECT_FALSE(t.table.HasOtherWithPeerOf(first));
    second.path.remote = testing::Socket("192.0.2.1", 4500);
    t.table.Update(second);
    EXPECT_TRUE(t.table.HasOtherWithPeerOf(first));
    t.table.Erase(second.id);
    EXPECT_FALSE(t.table.HasOtherWithPeerOf(first));
}

TEST(SaTable, FindsSasByWhereTheirPeerIs)
{
    Table t;
    IkeSa& first = t.Add(1);
    IkeSa& second = t.Add(2);
    first.path.remote = testing::Socket("192.0.2.9", 4500);
    second.path.remote = testing::Socket("192.0.2.9", 1024);
    t.table.Update(first);
    t.table.Update(second);
    const auto find = [&](const SocketAddress& peer, size_t most, const IkeSa* but = nullptr)
    {
        return t.table.FirstAt(peer, most, [&](const IkeSa& sa) { return &sa != but; });
    };
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 4500), 9), &first);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 1024), 9), &second);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 500), 9), nullptr);
    EXPECT_EQ(find(testing::Socket("192.0.2.8", 0), 9), nullptr);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 0), 1), &second);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 0), 2, &second), &first);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 0), 1, &second), nullptr) << "one was looked at";
    second.path.remote = testing::Socket("192.0.2.8", 1024);
    t.table.Update(second);
    EXPECT_EQ(find(testing::Socket("192.0.2.8", 0), 9), &second);
    first.state = Lingering{};
    t.table.Update(first);
    EXPECT_EQ(find(testing::Socket("192.0.2.9", 0), 9), nullptr);
    t.table.Erase(second.id);
    EXPECT_EQ(find(testing::Socket("192.0.2.8", 0), 9), nullptr);
}

} // namespace
} // namespace ikelab::ike
