// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "wire/notify_data.h"

namespace ikelab::wire
{

namespace
{

constexpr uint16_t ATTRIBUTE_FORMAT_TV = 0x8000;
constexpr uint8_t AGGFRAG_CONGESTION_CONTROL = 0x02;
constexpr uint8_t AGGFRAG_DONT_FRAGMENT = 0x01;

/// One overload per alternative of NotifyData; the parsers are in notify_data.cc.
class DataWriter
{
  public:
    explicit DataWriter(ByteWriter& writer) : m_writer(writer)
    {
    }

    void
    operator()(const NoNotifyData&)
    {
    }

    void
    operator()(const NotifyOctets& data)
    {
        m_writer.Octets(data.octets);
    }

    void
    operator()(const NotifiedPayloadType& data)
    {
        m_writer.U8(static_cast<uint8_t>(data.type));
    }

    void
    operator()(const NotifiedMessageId& data)
    {
        m_writer.U32(data.id.value);
    }

    void
    operator()(const NotifiedSpi& data)
    {
        m_writer.U32(data.spi.value);
    }

    void
    operator()(const NotifiedKeMethod& data)
    {
        m_writer.U16(static_cast<uint16_t>(data.method));
    }

    void
    operator()(const NotifiedWindowSize& data)
    {
        m_writer.U32(data.messages);
    }

    void
    operator()(const NotifiedIpcomp& data)
    {
        m_writer.U16(data.cpi);
        m_writer.U8(static_cast<uint8_t>(data.transform));
        m_writer.Octets(data.attributes);
    }

    void
    operator()(const NotifiedAddress& data)
    {
        m_writer.Octets(data.address.Octets());
    }

    void
    operator()(const NotifiedPath& data)
    {
        IKELAB_ASSERT(data.source.address.IsV4() == data.destination.address.IsV4());
        m_writer.Octets(data.source.address.Octets());
        m_writer.Octets(data.destination.address.Octets());
        m_writer.U16(data.source.port);
        m_writer.U16(data.destination.port);
    }

    void
    operator()(const NotifiedLifetime& data)
    {
        m_writer.U32(data.seconds);
    }

    void
    operator()(const NotifiedGateway& data)
    {
        IKELAB_ASSERT(data.identity.size() <= 0xff);
        m_writer.U8(static_cast<uint8_t>(data.type));
        m_writer.U8(static_cast<uint8_t>(data.identity.size()));
        m_writer.Octets(data.identity);
        m_writer.Octets(data.nonce);
    }

    void
    operator()(const NotifiedTicket& data)
    {
        m_writer.U32(data.lifetimeSeconds);
        m_writer.Octets(data.ticket);
    }

    void
    operator()(const NotifiedRohc& data)
    {
        for (const NotifiedRohc::Attribute& attribute : data.attributes)
        {
            m_writer.U16(static_cast<uint16_t>(attribute.type) | ATTRIBUTE_FORMAT_TV);
            m_writer.U16(attribute.value);
        }
    }

    void
    operator()(const NotifiedMessageIdSync& data)
    {
        m_writer.U32(data.nonce);
        m_writer.U32(data.nextSent.value);
        m_writer.U32(data.nextReceived.value);
    }

    void
    operator()(const NotifiedReplaySync& data)
    {
        if (data.isExtended)
        {
            m_writer.U64(data.delta);
            return;
        }
        IKELAB_ASSERT(data.delta <= 0xffffffff);
        m_writer.U32(static_cast<uint32_t>(data.delta));
    }

    void
    operator()(const NotifiedPasswordMethods& data)
    {
        for (const SecurePasswordMethod method : data.methods)
        {
            m_writer.U16(static_cast<uint16_t>(method));
        }
    }

    void
    operator()(const NotifiedHashAlgorithms& data)
    {
        for (const HashAlgorithm algorithm : data.algorithms)
        {
            m_writer.U16(static_cast<uint16_t>(algorithm));
        }
    }

    void
    operator()(const NotifiedPuzzle& data)
    {
        m_writer.U16(static_cast<uint16_t>(data.prf));
        m_writer.U8(data.difficulty);
    }

    void
    operator()(const NotifiedPpkId& data)
    {
        m_writer.U8(static_cast<uint8_t>(data.type));
        m_writer.Octets(data.id);
    }

    void
    operator()(const NotifiedAggfrag& data)
    {
        m_writer.U8(static_cast<uint8_t>((data.congestionControl ? AGGFRAG_CONGESTION_CONTROL : 0) |
                                         (data.dontFragment ? AGGFRAG_DONT_FRAGMENT : 0)));
    }

    void
    operator()(const NotifiedAuthMethods& data)
    {
        for (const NotifiedAuthMethods::Announcement& announcement : data.announcements)
        {
            IKELAB_ASSERT(announcement.certLink || announcement.algorithm.empty());
            const size_t octets =
                2 + (announcement.certLink ? 1 : 0) + announcement.algorithm.size();
            IKELAB_ASSERT(octets <= 0xff);
            m_writer.U8(static_cast<uint8_t>(octets));
            m_writer.U8(static_cast<uint8_t>(announcement.method));
            if (announcement.certLink)
            {
                m_writer.U8(*announcement.certLink);
            }
            m_writer.Octets(announcement.algorithm);
        }
    }

  private:
    ByteWriter& m_writer;
};

} // namespace

void
WriteNotifyData(ByteWriter& writer, const NotifyData& data)
{
    std::visit(DataWriter(writer), data);
}

Buffer
NotifyDataOctets(const NotifyData& data)
{
    ByteWriter writer;
    WriteNotifyData(writer, data);
    return writer.Release();
}

} // namespace ikelab::wire
