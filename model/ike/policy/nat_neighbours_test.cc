// SPDX-License-Identifier: MIT
#include "ike/policy/nat_neighbours.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

#include <deque>
#include <string_view>

/**
 * Who may have what, of hosts behind NATs: RFC 3948 §5.1, §5.2.
 */
namespace ikelab::ike
{
namespace
{

using testing::Subnet;

constexpr uint8_t TCP = 6;
constexpr uint8_t UDP = 17;
constexpr std::string_view SERVER = "192.0.2.2";
constexpr std::string_view NAT = "203.0.113.1";
constexpr std::string_view HOST = "192.0.2.1";

/// Children in their order, of one connection each.
class Neighbours : public ::testing::Test
{
  protected:
    struct Peer
    {
        Identity name;
        ChildSa sa;
        NatNeighbours::Neighbour neighbour;
    };

    static NatNeighbours::Connections
    Configured()
    {
        ChildConfig child;
        child.localTs = child.remoteTs = {Subnet("0.0.0.0/0")};
        ChildConfig routed = child;
        routed.ifIdIn = routed.ifIdOut = 7;
        ChildConfig dynamic;
        ChildConfig narrow = child;
        narrow.remoteTs = {Subnet("10.1.0.0/16")};
        ConnectionConfig connection;
        connection.children = {narrow, child, routed, dynamic, child};
        return {std::make_shared<const ConnectionConfig>(connection)};
    }

    /// Who would have such an SA.
    const Peer&
    Make(std::string_view name,
         bool behindNat,
         const Selectors& remote,
         size_t child = 0,
         const Selectors& local = {Subnet(SERVER)})
    {
        Peer& peer = m_peers.emplace_back();
        peer.name = testing::Id(name);
        peer.sa.id = ChildSaId{static_cast<uint32_t>(m_peers.size())};
        peer.sa.config = {connections.front(), &connections.front()->children[child]};
        peer.sa.localTs = local;
        peer.sa.remoteTs = remote;
        peer.neighbour = {
            &peer.name, behindNat, peer.sa.config.get(), &peer.sa.localTs, &peer.sa.remoteTs};
        return peer;
    }

    /// The same for one that has it.
    const ChildSa&
    Has(std::string_view name, bool behindNat, const Selectors& remote, size_t child = 0)
    {
        const Peer& peer = Make(name, behindNat, remote, child);
        neighbours.Add(peer.name, behindNat, peer.sa);
        return peer.sa;
    }

    bool
    Conflict(std::string_view name, bool behindNat, const Selectors& remote, size_t child = 0)
    {
        return neighbours.Conflict(Make(name, behindNat, remote, child).neighbour);
    }

    bool
    Conflict(std::string_view remote)
    {
        return Conflict("bob", true, {Subnet(remote)});
    }

    NatNeighbours::Connections connections = Configured();
    NatNeighbours neighbours{connections};

  private:
    std::deque<Peer> m_peers;
};

// Among the hosts of one address is the NAT itself, which is behind none.
TEST_F(Neighbours, AreTheHostsOfOneAddress)
{
    const auto& ari = Has("ari", true, {Subnet(NAT, UDP)});
    Has("suzy", false, {Subnet(HOST, UDP)});
    EXPECT_TRUE(Conflict("bob", true, {Subnet(NAT, UDP)}));
    EXPECT_TRUE(Conflict("nat", false, {Subnet(NAT, UDP)}));
    EXPECT_FALSE(Conflict("ari", true, {Subnet(NAT, UDP)}));
    EXPECT_FALSE(Conflict("bob", true, {Subnet("203.0.113.2", UDP)}));
    EXPECT_FALSE(Conflict("bob", false, {Subnet(HOST, UDP)})) << "no NAT: it is the same host";
    EXPECT_TRUE(Conflict("bob", true, {Subnet(HOST, UDP)}));
    EXPECT_FALSE(Conflict("bob", true, {Subnet(NAT, TCP)}));
    EXPECT_FALSE(neighbours.Conflict(
        Make("bob", true, {Subnet(NAT, UDP)}, 0, {Subnet("192.0.2.3", UDP)}).neighbour));
    neighbours.Remove(true, ari);
    EXPECT_FALSE(Conflict("bob", true, {Subnet(NAT, UDP)}));
}

// Wherever the one range stands to the other, and however far from the borders of prefixes.
TEST_F(Neighbours, AreThoseWithSomeAddressesInCommon)
{
    Has("ari", true, {Subnet("10.1.0.0/16"), Subnet("172.16.0.9-172.16.1.3")});
    Has("suzy", false, {Subnet("2001:db8:1::/48")});
    for (const std::string_view taken : {"10.1.0.0/16",
                                         "10.1.2.0/24",
                                         "10.1.255.255",
                                         "10.0.0.0/8",
                                         "0.0.0.0/0",
                                         "10.0.255.255-10.1.0.0",
                                         "10.1.255.255-10.2.0.0",
                                         "172.16.1.3",
                                         "172.16.1.0/24",
                                         "172.16.0.0-172.16.0.9",
                                         "2001:db8:1:2::/64",
                                         "2001:db8::/32",
                                         "::/0"})
    {
        EXPECT_TRUE(Conflict(taken)) << taken;
    }
    for (const std::string_view free : {"10.0.0.0/16",
                                        "10.2.0.0/16",
                                        "10.0.255.255",
                                        "10.2.0.0-172.16.0.8",
                                        "172.16.0.0/29",
                                        "172.16.0.8",
                                        "172.16.1.4",
                                        "172.16.1.128/25",
                                        "2001:db8:2::/48",
                                        "2001:db8:0:ffff::/64"})
    {
        EXPECT_FALSE(Conflict(free)) << free;
    }
    EXPECT_TRUE(Conflict("bob", true, {Subnet("10.2.0.0/16"), Subnet("10.1.0.1")}));
}

// §5.1 is about addresses that a NAT hides. Networks of two that none does are as configured.
TEST_F(Neighbours, AreThereIfEitherIsBehindANat)
{
    Has("ari", true, {Subnet("10.1.0.0/16")});
    Has("suzy", false, {Subnet("10.2.0.0/16")});
    EXPECT_TRUE(Conflict("bob", true, {Subnet("10.2.3.0/24")}));
    EXPECT_TRUE(Conflict("bob", false, {Subnet("10.1.3.0/24")}));
    EXPECT_FALSE(Conflict("bob", false, {Subnet("10.2.3.0/24")}));
}

// A site that comes again, with another part of its networks or all of them.
TEST_F(Neighbours, AreNotInTheirOwnWay)
{
    Has("ari", true, {Subnet("10.1.0.0/16")});
    EXPECT_FALSE(Conflict("ari", true, {Subnet("10.1.2.0/24")}));
    EXPECT_FALSE(Conflict("ari", false, {Subnet("10.0.0.0/8")}));
    Has("bob", true, {Subnet("10.9.0.0/16")});
    EXPECT_TRUE(Conflict("ari", true, {Subnet("10.0.0.0/8")})) << "that is bob's too";
}

TEST_F(Neighbours, ShareNothingWhereRoutesTellThemApart)
{
    Has("ari", true, {Subnet("0.0.0.0/0")}, 2);
    EXPECT_FALSE(Conflict("bob", true, {Subnet("0.0.0.0/0")}));
    EXPECT_TRUE(Conflict("bob", true, {Subnet("0.0.0.0/0")}, 2)) << "one interface for both";
}

// RFC 4301 §4.4.1: rules have an order, and it says whose a part of a network is.
TEST_F(Neighbours, ShareNothingWhereTheOrderOfChildrenTellsThemApart)
{
    constexpr size_t FIRST = 0;
    constexpr size_t SECOND = 1;
    constexpr size_t DYNAMIC = 3;
    constexpr size_t LAST = 4;
    const Selectors part{Subnet("10.1.0.0/16")};
    const Selectors whole{Subnet("10.0.0.0/8")};
    const auto conflict =
        [&](const Selectors& has, size_t hasChild, const Selectors& asks, size_t asksChild)
    {
        NatNeighbours fresh(connections);
        const Peer& ari = Make("ari", true, has, hasChild);
        fresh.Add(ari.name, true, ari.sa);
        return fresh.Conflict(Make("bob", true, asks, asksChild).neighbour);
    };
    EXPECT_FALSE(conflict(part, FIRST, whole, SECOND));
    EXPECT_FALSE(conflict(whole, SECOND, part, FIRST));
    EXPECT_TRUE(conflict(part, SECOND, whole, LAST)) << "the rule before it names all of it";
    EXPECT_TRUE(conflict(whole, FIRST, part, SECOND)) << "it would get nothing";
    EXPECT_TRUE(conflict(part, SECOND, whole, FIRST));
    EXPECT_TRUE(conflict(part, FIRST, part, SECOND));
    EXPECT_TRUE(conflict(part, FIRST, whole, FIRST));
    EXPECT_TRUE(conflict(part, FIRST, {Subnet("10.1.128.0-10.2.0.0")}, SECOND));
    EXPECT_TRUE(conflict(part, FIRST, whole, DYNAMIC)) << "its rule comes when it does";
}

} // namespace
} // namespace ikelab::ike
