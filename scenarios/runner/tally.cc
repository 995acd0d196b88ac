// SPDX-License-Identifier: GPL-2.0-only
#include "runner/tally.h"

#include "gateway/event_json.h"
#include "wire/iana.h"

#include <fmt/format.h>

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
        gateway.lastMessage = at;
        tally.KeepExchange(at, node, event);
        if (event.sent && event.retransmission > 0)
        {
            ++gateway.retransmissions;
            Note("retransmissions");
        }
    }

    void
    operator()(const ike::MessageRejected&) const
    {
        ++gateway.messagesRejected;
        Note("messages_rejected");
    }

    void
    operator()(const ike::IkeSaEstablished& event) const
    {
        ++gateway.ikeSasEstablished;
        Note("ike_sas_established");
        Note("ike_sas_open");
        if (!gateway.setupTime || *gateway.setupTime < event.setupTime)
        {
            gateway.setupTime = event.setupTime;
            Note("setup_time");
        }
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
        if (!event.established)
        {
            ++gateway.ikeSetupFailures;
            Note("ike_setup_failures");
        }
        Note("ike_sas_open");
        Close(false, event.sa.value, event.reason);
    }

    void
    operator()(const ike::ChildSaInstalled& event) const
    {
        ++gateway.childSasInstalled;
        Note("child_sas_installed");
        Note("child_sas_open");
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
        Note("child_sas_open");
        Close(true, event.child.value, event.reason);
    }

    void
    operator()(const ike::ChildSaFailed&) const
    {
        ++gateway.childSetupFailures;
        Note("child_setup_failures");
    }

    void
    operator()(const ike::PeerAlive&) const
    {
        ++gateway.livenessReplies;
        Note("liveness_replies");
    }

    /// Counted by the gateway itself; the moment is all that is of interest here.
    void
    operator()(const gateway::PacketRefused& event) const
    {
        switch (event.error.fault)
        {
        case Fault::POLICY:
            return Note("discarded_packets");
        case Fault::REPLAY:
            return Note("replayed_packets");
        case Fault::INTEGRITY:
            return Note("integrity_failures");
        case Fault::UNKNOWN_SPI:
            return Note("unknown_spis");
        default:
            return;
        }
    }

    template <typename Other>
    void
    operator()(const Other&) const
    {
    }

    void
    Note(std::string_view metric) const
    {
        gateway.moments[metric].push_back(at);
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

void
Tally::KeepExchange(Duration at, NodeIndex node, const ike::MessageEvent& message)
{
    // The responder's requests have message ids of their own; only who asks is looked at here.
    if (message.sent == message.response)
    {
        return;
    }
    const std::tuple key(node, message.sa.value, message.id.value);
    const auto asked = m_asked.find(key);
    if (message.sent && message.retransmission == 0)
    {
        ExchangeRecord record;
        record.node = node;
        record.peer = message.path.remote.address;
        record.spi = fmt::format("{:016x}", message.spis.initiator.value);
        record.exchange = wire::ToString(message.exchange);
        record.messageId = message.id.value;
        record.request = message.summary;
        record.sent = at;
        m_asked[key] = m_result.exchanges.size();
        m_result.exchanges.push_back(std::move(record));
    }
    else if (asked != m_asked.end() && message.sent)
    {
        ++m_result.exchanges[asked->second].retransmissions;
    }
    else if (asked != m_asked.end() && !m_result.exchanges[asked->second].answered)
    {
        m_result.exchanges[asked->second].answered = at;
        m_result.exchanges[asked->second].response = message.summary;
    }
}

SaRecord*
Tally::Find(NodeIndex node, bool child, uint32_t id)
{
    const auto found = m_open.find({node, child, id});
    return found == m_open.end() ? nullptr : &m_result.sas[found->second];
}

} // namespace ikelab::runner
