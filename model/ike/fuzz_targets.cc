// SPDX-License-Identifier: MIT
#include "ike/fuzz_targets.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <algorithm>

namespace ikelab::ike
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Insider;
using testing::Node;
using testing::Pair;

/// No script is worth more than this many steps.
constexpr size_t STEPS = 64;
/// One datagram makes at most this many: an answer, and a request that waited.
constexpr size_t TRANSMISSIONS_PER_DATAGRAM = 2;
constexpr size_t EVENTS_PER_DATAGRAM = 12;

class Script
{
  public:
    explicit Script(Bytes octets) : m_reader(octets)
    {
    }

    bool
    Next(uint8_t& octet)
    {
        return m_reader.U8(octet);
    }

    uint8_t
    Octet()
    {
        uint8_t octet = 0;
        (void)m_reader.U8(octet);
        return octet;
    }

    /// As many octets as the next one says, or all that are left; behind 0xff two say how many, for
    /// datagrams are longer than that.
    Bytes
    Matter()
    {
        uint16_t octets = Octet();
        if (octets == 0xff)
        {
            (void)m_reader.U16(octets);
        }
        Bytes matter;
        if (!m_reader.Take(octets, matter))
        {
            matter = m_reader.Rest();
        }
        return matter;
    }

  private:
    ByteReader m_reader;
};

class Play
{
  public:
    void Step(uint8_t step, Script& script);
    void End();

  private:
    Node&
    End(uint8_t step)
    {
        return (step & 0x80) != 0 ? m_pair.a : m_pair.b;
    }

    Path
    PathTo(const Node& node) const
    {
        return &node == &m_pair.a ? m_pair.ToA() : m_pair.ToB();
    }

    void Throw(Node& node, Bytes octets);
    /// A message that was on the wire, changed at one place and cut.
    void ThrowAgain(Node& node, Script& script);
    /// As the other end of the node's last IKE SA.
    void Speak(Node& node, Script& script);

    Pair m_pair;
};

void
Play::Throw(Node& node, Bytes octets)
{
    const size_t sent = m_pair.wire.log.size();
    const size_t told = node.events.size();
    const size_t sas = node.IkeSas();
    m_pair.Inject(node, PathTo(node), octets);
    IKELAB_ASSERT(m_pair.wire.log.size() <= sent + TRANSMISSIONS_PER_DATAGRAM);
    IKELAB_ASSERT(node.events.size() <= told + EVENTS_PER_DATAGRAM);
    IKELAB_ASSERT(node.IkeSas() <= sas + 1);
}

void
Play::ThrowAgain(Node& node, Script& script)
{
    const auto& log = m_pair.wire.log;
    const uint8_t which = script.Octet();
    const uint8_t place = script.Octet();
    const uint8_t change = script.Octet();
    const uint8_t cut = script.Octet();
    if (log.empty())
    {
        return;
    }
    Buffer octets = log[which % log.size()].message;
    if (octets.empty())
    {
        return;
    }
    octets[place % octets.size()] ^= change;
    octets.resize(octets.size() - cut % octets.size());
    Throw(node, octets);
}

void
Play::Speak(Node& node, Script& script)
{
    const wire::ExchangeType exchange{script.Octet()};
    const uint8_t messageId = script.Octet();
    const uint8_t response = script.Octet();
    const auto* keys = node.Last<IkeKeysDerived>();
    const bool initiated = node.Sa().initiator;
    const auto fill = [&](wire::MessageBuilder& builder)
    {
        for (size_t payloads = script.Octet() % 8u; payloads > 0; --payloads)
        {
            const uint8_t type = script.Octet();
            const bool critical = (script.Octet() & 1) != 0;
            builder.Raw(wire::PayloadType{type}, critical, script.Matter());
        }
    };
    if (!keys)
    {
        return;
    }
    Insider liar(*keys, !initiated);
    Throw(node,
          response % 2 == 0 ? liar.Request(exchange, messageId, fill)
                            : liar.Response(exchange, messageId, fill));
}

void
Play::Step(uint8_t step, Script& script)
{
    Node& node = End(step);
    const IkeSaInfo sa = node.Sa();
    switch (step % 11)
    {
    case 0:
        (void)node.endpoint->Initiate(m_pair.now, "net", "");
        break;
    case 1:
        m_pair.RunFor(milliseconds(15));
        break;
    case 2:
        m_pair.RunFor(seconds(script.Octet()));
        break;
    case 3:
        m_pair.wire.drop.insert(m_pair.wire.log.size() + 1);
        break;
    case 4:
        m_pair.wire.duplicate.insert(m_pair.wire.log.size() + 1);
        break;
    case 5:
        (void)node.endpoint->CloseIkeSa(m_pair.now, sa.id);
        break;
    case 6:
        (void)node.endpoint->CloseChildSa(m_pair.now, node.Child().id);
        break;
    case 7:
        (void)node.endpoint->CheckLiveness(m_pair.now, sa.id);
        break;
    case 8:
        Throw(node, script.Matter());
        break;
    case 9:
        ThrowAgain(node, script);
        break;
    default:
        Speak(node, script);
        break;
    }
    m_pair.Drain();
}

void
Play::End()
{
    m_pair.wire.Release(m_pair.now);
    IKELAB_ASSERT(m_pair.RunUntilQuiet());
    for (const Node* node : {&m_pair.a, &m_pair.b})
    {
        for (const IkeSaInfo& sa : node->endpoint->List())
        {
            IKELAB_ASSERT(sa.state == "ESTABLISHED");
        }
        IKELAB_ASSERT(node->Count<IkeSaEstablished>() ==
                      node->IkeSas() +
                          static_cast<size_t>(std::ranges::count(
                              node->All<IkeSaClosed>(), true, &IkeSaClosed::established)));
        IKELAB_ASSERT(node->Count<ChildSaInstalled>() ==
                      node->ChildSas() + node->Count<ChildSaRemoved>());
    }
}

} // namespace

void
FuzzEndpoint(Bytes octets)
{
    Script script(octets);
    Play play;
    uint8_t step;
    for (size_t steps = 0; steps < STEPS && script.Next(step); ++steps)
    {
        play.Step(step, script);
    }
    play.End();
}

} // namespace ikelab::ike
