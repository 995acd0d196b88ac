// SPDX-License-Identifier: MIT
#include "ike/testing/pair.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace ikelab::ike::testing
{

namespace
{

using std::chrono::hours;
using std::chrono::seconds;

template <typename Row>
const Row*
ByKeyword(std::span<const Row> rows, std::string_view keyword)
{
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return row.keyword == keyword; });
    return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string_view>
Split(std::string_view text)
{
    std::vector<std::string_view> words;
    while (!text.empty())
    {
        const size_t end = std::min(text.find('-'), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

Config
WithFirst(Config config, const ConnectionConfig& connection)
{
    config.connections.insert(config.connections.begin(),
                              std::make_shared<const ConnectionConfig>(connection));
    return config;
}

bool
SameKeys(const crypto::SecretBytes& left, const crypto::SecretBytes& right)
{
    return SameOctets(left.View(), right.View());
}

} // namespace

crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

IpAddress
Address(std::string_view text)
{
    const auto address = IpAddress::Parse(text);
    IKELAB_ASSERT(address.has_value());
    return *address;
}

SocketAddress
Socket(std::string_view address, uint16_t port)
{
    return {Address(address), port};
}

Selector
Subnet(std::string_view range, uint8_t protocol, uint16_t from, uint16_t to)
{
    const auto addresses = IpRange::Parse(range);
    IKELAB_ASSERT(addresses.has_value());
    return {*addresses, protocol, from, to};
}

Identity
Id(std::string_view text)
{
    const auto identity = Identity::Parse(text);
    IKELAB_ASSERT(identity.has_value());
    return *identity;
}

const crypto::EncrRow*
Encryption(std::string_view keyword)
{
    return ByKeyword(crypto::EncrRows(), keyword);
}

const crypto::IntegRow*
Integrity(std::string_view keyword)
{
    return ByKeyword(crypto::IntegRows(), keyword);
}

const crypto::PrfRow*
Prf(std::string_view keyword)
{
    return ByKeyword(crypto::PrfRows(), keyword);
}

const crypto::KeRow*
KeyExchange(std::string_view keyword)
{
    return ByKeyword(crypto::KeRows(), keyword);
}

IkeProposal
IkeSuiteOf(std::string_view keywords)
{
    IkeProposal proposal;
    for (const std::string_view word : Split(keywords))
    {
        if (const auto* encr = Encryption(word))
        {
            proposal.encr.push_back(encr);
        }
        else if (const auto* integ = Integrity(word))
        {
            proposal.integ.push_back(integ);
        }
        else if (const auto* prf = Prf(word))
        {
            proposal.prf.push_back(prf);
        }
        else
        {
            proposal.ke.push_back(KeyExchange(word));
            IKELAB_ASSERT(proposal.ke.back());
        }
    }
    return proposal;
}

EspProposal
EspSuiteOf(std::string_view keywords)
{
    const IkeProposal rows = IkeSuiteOf(keywords);
    return EspProposal{rows.encr, rows.integ, rows.ke};
}

Setting::Setting()
{
    a.name = "net";
    a.localAddrs = {Address("192.0.2.1")};
    a.remoteAddrs = {Address("192.0.2.2")};
    a.localId = Id("moon.example");
    a.remoteId = Id("sun.example");
    a.proposals = {IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
    ChildConfig child;
    child.name = "net";
    child.espProposals = {EspSuiteOf("aes128gcm16")};
    child.localTs = {Subnet("10.1.0.0/16")};
    child.remoteTs = {Subnet("10.2.0.0/16")};
    a.children = {child};

    b = a;
    std::swap(b.localAddrs, b.remoteAddrs);
    std::swap(b.localId, b.remoteId);
    std::swap(b.children.front().localTs, b.children.front().remoteTs);

    const std::string_view secret = "correct horse battery staple";
    configA.secrets = {{{}, Buffer(secret.begin(), secret.end())}};
    configB.secrets = configA.secrets;
}

Setting
Setting::V6()
{
    Setting setting;
    setting.a.localAddrs = setting.b.remoteAddrs = {Address("2001:db8::1")};
    setting.a.remoteAddrs = setting.b.localAddrs = {Address("2001:db8::2")};
    setting.a.children.front().localTs =
        setting.b.children.front().remoteTs = {Subnet("2001:db8:1::/48")};
    setting.a.children.front().remoteTs =
        setting.b.children.front().localTs = {Subnet("2001:db8:2::/48")};
    return setting;
}

Node::Node(Config configuration, uint64_t seed, uint64_t stream)
    : config(std::move(configuration)),
      m_random(seed, stream)
{
    Restart();
}

void
Node::Restart()
{
    endpoint = std::make_unique<IkeEndpoint>(config, SharedContext(), m_random);
}

size_t
Node::IkeSas() const
{
    return endpoint->List().size();
}

size_t
Node::ChildSas() const
{
    size_t count = 0;
    for (const IkeSaInfo& sa : endpoint->List())
    {
        count += sa.children.size();
    }
    return count;
}

IkeSaInfo
Node::Sa() const
{
    auto list = endpoint->List();
    return list.empty() ? IkeSaInfo{} : std::move(list.back());
}

ChildSaInfo
Node::Child() const
{
    const IkeSaInfo sa = Sa();
    return sa.children.empty() ? ChildSaInfo{} : sa.children.front();
}

std::vector<std::string>
Node::Ladder() const
{
    std::vector<std::string> ladder;
    for (const auto* event : All<MessageEvent>())
    {
        ladder.push_back((event->sent ? "> " : "< ") + event->summary);
    }
    return ladder;
}

SocketAddress
Nat::Outward(const SocketAddress& inside)
{
    m_inside = inside.address;
    if (m_keepsPorts)
    {
        return {m_outside, inside.port};
    }
    const auto [mapping, isNew] = m_ports.try_emplace(inside, m_next);
    m_next = static_cast<uint16_t>(m_next + (isNew ? 1 : 0));
    return {m_outside, mapping->second};
}

std::optional<SocketAddress>
Nat::Inward(const SocketAddress& outside) const
{
    if (outside.address != m_outside)
    {
        return std::nullopt;
    }
    if (m_keepsPorts)
    {
        return SocketAddress{m_inside, outside.port};
    }
    for (const auto& [inside, port] : m_ports)
    {
        if (port == outside.port)
        {
            return inside;
        }
    }
    return std::nullopt;
}

void
Nat::Reboot()
{
    m_ports.clear();
    m_next = static_cast<uint16_t>(m_next + 1000);
}

void
Wire::Hold()
{
    m_holds = true;
}

void
Wire::Release(Instant now)
{
    m_holds = false;
    for (const Packet& packet : std::exchange(m_held, {}))
    {
        Travel(now, packet);
    }
}

void
Wire::Send(Instant now, Packet packet)
{
    packet.number = log.size() + 1;
    packet.sent = now;
    log.push_back(packet);
    if (tamper)
    {
        tamper(packet);
    }
    if (drop.contains(packet.number) || (loses && loses(packet)))
    {
        return;
    }
    if (m_holds)
    {
        m_held.push_back(std::move(packet));
        return;
    }
    Travel(now, packet);
}

void
Wire::Travel(Instant now, const Packet& packet)
{
    SocketAddress from = packet.path.local;
    std::optional<SocketAddress> to = packet.path.remote;
    auto& nearNat = packet.fromA ? natA : natB;
    const auto& farNat = packet.fromA ? natB : natA;
    if (nearNat)
    {
        from = nearNat->Outward(from);
    }
    if (farNat)
    {
        to = farNat->Inward(*to);
    }
    if (!to || packet.keepAlive)
    {
        return;
    }
    const auto extra = late.find(packet.number);
    const Instant at = now + delay + (extra == late.end() ? Duration::zero() : extra->second);
    m_flying.emplace(at, Delivery{!packet.fromA, {*to, from}, packet.message});
    if (duplicate.contains(packet.number))
    {
        m_flying.emplace(at + std::chrono::milliseconds(3),
                         Delivery{!packet.fromA, {*to, from}, packet.message});
    }
}

std::optional<Instant>
Wire::Next() const
{
    return m_flying.empty() ? std::nullopt : std::optional(m_flying.begin()->first);
}

std::optional<Wire::Delivery>
Wire::Take(Instant now)
{
    if (m_flying.empty() || m_flying.begin()->first > now)
    {
        return std::nullopt;
    }
    Delivery delivery = std::move(m_flying.begin()->second);
    m_flying.erase(m_flying.begin());
    return delivery;
}

Pair::Pair(const Setting& setting, uint64_t seed)
    : a(WithFirst(setting.configA, setting.a), seed, 1),
      b(WithFirst(setting.configB, setting.b), seed, 2),
      m_aToB{{setting.a.localAddrs.front(), setting.a.localPort},
             {setting.a.remoteAddrs.empty() ? IpAddress() : setting.a.remoteAddrs.front(),
              setting.a.remotePort}}
{
}

void
Pair::Establish()
{
    Initiate();
    RunFor(seconds(1));
}

void
Pair::Initiate()
{
    IKELAB_ASSERT(a.endpoint->Initiate(now, "net", "").has_value());
    Drain();
}

void
Pair::InitiateFromB()
{
    IKELAB_ASSERT(b.endpoint->Initiate(now, "net", "").has_value());
    Drain();
}

void
Pair::Inject(Node& to, const Path& path, Bytes datagram)
{
    to.endpoint->HandleDatagram(now, path, datagram);
    Drain();
}

Path
Pair::ToA() const
{
    return m_aToB;
}

Path
Pair::ToB() const
{
    return {m_aToB.remote, m_aToB.local};
}

void
Pair::DrainNode(Node& node, bool isA)
{
    while (auto datagram = node.endpoint->PollTransmit())
    {
        node.keepAlives += datagram->keepAlive ? 1 : 0;
        Packet packet;
        packet.fromA = isA;
        packet.path = datagram->path;
        packet.message = std::move(datagram->message);
        packet.keepAlive = datagram->keepAlive;
        packet.nonEspMarker = datagram->nonEspMarker;
        wire.Send(now, std::move(packet));
    }
    while (auto event = node.endpoint->PollEvent())
    {
        node.events.push_back(std::move(*event));
    }
}

void
Pair::Drain()
{
    DrainNode(a, true);
    DrainNode(b, false);
}

bool
Pair::Step(Instant until)
{
    std::optional<Instant> next;
    for (const auto& candidate :
         {wire.Next(), a.endpoint->PollTimeout(), b.endpoint->PollTimeout()})
    {
        if (candidate && (!next || *candidate < *next))
        {
            next = candidate;
        }
    }
    if (!next || *next > until)
    {
        return false;
    }
    now = std::max(now, *next);
    if (const auto delivery = wire.Take(now))
    {
        Node& node = delivery->toA ? a : b;
        node.endpoint->HandleDatagram(now, delivery->path, delivery->message);
    }
    else
    {
        a.endpoint->HandleTimeout(now);
        b.endpoint->HandleTimeout(now);
    }
    Drain();
    return true;
}

bool
Pair::RunUntilQuiet()
{
    const Instant limit = now + hours(1);
    while (Step(limit))
    {
    }
    return !wire.Next() && !a.endpoint->PollTimeout() && !b.endpoint->PollTimeout();
}

void
Pair::RunFor(Duration duration)
{
    const Instant end = now + duration;
    while (Step(end))
    {
    }
    now = end;
}

bool
Pair::Agree() const
{
    const auto listA = a.endpoint->List();
    const auto listB = b.endpoint->List();
    if (listA.size() != 1 || listB.size() != 1)
    {
        return false;
    }
    const IkeSaInfo& left = listA.front();
    const IkeSaInfo& right = listB.front();
    if (left.state != "ESTABLISHED" || right.state != "ESTABLISHED" || left.children.size() != 1 ||
        right.children.size() != 1)
    {
        return false;
    }
    const ChildSaInfo& childA = left.children.front();
    const ChildSaInfo& childB = right.children.front();
    return left.spis == right.spis && left.suite == right.suite &&
           left.initiator != right.initiator && left.localId == right.remoteId &&
           left.remoteId == right.localId && childA.inboundSpi == childB.outboundSpi &&
           childA.outboundSpi == childB.inboundSpi && childA.suite == childB.suite &&
           childA.localTs == childB.remoteTs && childA.remoteTs == childB.localTs;
}

bool
Pair::KeysAgree() const
{
    const auto* ikeA = a.Last<IkeKeysDerived>();
    const auto* ikeB = b.Last<IkeKeysDerived>();
    const auto* childA = a.Last<ChildSaInstalled>();
    const auto* childB = b.Last<ChildSaInstalled>();
    if (!ikeA || !ikeB || !childA || !childB)
    {
        return false;
    }
    return ikeA->spis == ikeB->spis && ikeA->suite == ikeB->suite && SameKeys(ikeA->ei, ikeB->ei) &&
           SameKeys(ikeA->er, ikeB->er) && SameKeys(ikeA->ai, ikeB->ai) &&
           SameKeys(ikeA->ar, ikeB->ar) && !SameKeys(ikeA->ei, ikeA->er) &&
           childA->suite == childB->suite && childA->inboundSpi == childB->outboundSpi &&
           childA->outboundSpi == childB->inboundSpi &&
           SameKeys(childA->inboundEncr, childB->outboundEncr) &&
           SameKeys(childA->outboundEncr, childB->inboundEncr) &&
           SameKeys(childA->inboundInteg, childB->outboundInteg) &&
           SameKeys(childA->outboundInteg, childB->inboundInteg) &&
           !(SameKeys(childA->inboundEncr, childA->outboundEncr) &&
             SameKeys(childA->inboundInteg, childA->outboundInteg));
}

} // namespace ikelab::ike::testing
