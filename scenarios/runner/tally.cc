// SPDX-License-Identifier: GPL-2.0-only
#include "runner/tally.h"

#include "gateway/event_json.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::runner
{

struct Tally::Counter
{
    Tally& tally;
    Duration at;
    NodeIndex node;
    GatewayResult& gateway;

    void
    operator()(const ike::MessageEvent& event) const
    {
        gateway.retransmissions += event.sent && event.retransmission > 0 ? 1 : 0;
    }

    void
    operator()(const ike::MessageRejected&) const
    {
        ++gateway.messagesRejected;
    }

    void
    operator()(const ike::IkeSaEstablished& event) const
    {
        ++gateway.ikeSasEstablished;
        gateway.setupTime = std::max(gateway.setupTime.value_or(Duration{0}), event.setupTime);
        SaRecord record;
        record.id = event.sa.value;
        record.connection = event.connection;
        record.initiator = event.initiator;
        record.spiIn = fmt::format("{:016x}", event.spis.initiator.value);
        record.spiOut = fmt::format("{:016x}", event.spis.responder.value);
        record.suite = event.suite.ToString();
        record.setup = event.setupTime;
        Open(std::move(record));
    }

    void
    operator()(const ike::IkeSaClosed& event) const
    {
        gateway.ikeSetupFailures += event.established ? 0 : 1;
        Close(false, event.sa.value, event.reason);
    }

    void
    operator()(const ike::ChildSaInstalled& event) const
    {
        ++gateway.childSasInstalled;
        SaRecord record;
        record.child = true;
        record.id = event.child.value;
        record.connection = event.connection;
        record.name = event.config ? event.config->name : "";
        record.initiator = event.initiator;
        record.spiIn = fmt::format("{:08x}", event.inboundSpi.value);
        record.spiOut = fmt::format("{:08x}", event.outboundSpi.value);
        record.suite = event.suite.ToString();
        Open(std::move(record));
    }

    void
    operator()(const ike::ChildSaRemoved& event) const
    {
        Close(true, event.child.value, event.reason);
    }

    void
    operator()(const ike::ChildSaFailed&) const
    {
        ++gateway.childSetupFailures;
    }

    void
    operator()(const ike::PeerAlive&) const
    {
        ++gateway.livenessReplies;
    }

    template <typename Other>
    void
    operator()(const Other&) const
    {
    }

    void
    Open(SaRecord record) const
    {
        record.node = node;
        record.established = at;
        tally.m_open[{node, record.child, record.id}] = tally.m_result.sas.size();
        tally.m_result.sas.push_back(std::move(record));
    }

    void
    Close(bool child, uint32_t id, ike::CloseReason reason) const
    {
        if (SaRecord* record = tally.Find(node, child, id))
        {
            record->closed = at;
            record->reason = gateway::ToString(reason);
            tally.m_open.erase({node, child, id});
        }
    }
};

void
Tally::OnEvent(Instant at, NodeIndex node, const gateway::Event& event)
{
    std::visit(Counter{*this, at.time_since_epoch(), node, m_result.gateways[node]}, event);
}

SaRecord*
Tally::Find(NodeIndex node, bool child, uint32_t id)
{
    const auto found = m_open.find({node, child, id});
    return found == m_open.end() ? nullptr : &m_result.sas[found->second];
}

} // namespace ikelab::runner
