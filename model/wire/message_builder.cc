// SPDX-License-Identifier: MIT
#include "wire/message_builder.h"

#include "base/assert.h"
#include "wire/message.h"
#include "wire/payload_writers.h"

#include <fmt/format.h>

#include <type_traits>
#include <variant>

namespace ikelab::wire
{

namespace
{

constexpr uint8_t CRITICAL_BIT = 0x80;
/// Places in the header, RFC 7296 §3.1.
constexpr size_t HEADER_NEXT_PAYLOAD_FIELD = 16;
constexpr size_t HEADER_LENGTH_FIELD = 24;
/// Most messages fit, so that the buffer is allocated once.
constexpr size_t USUAL_MESSAGE_OCTETS = 1280;

} // namespace

/// A generic payload header (RFC 7296 §3.2) that is linked into the chain and writes its length.
class MessageBuilder::PayloadScope
{
  public:
    PayloadScope(MessageBuilder& builder, PayloadType type, bool critical = false)
        : m_start(builder.OpenPayload(type, critical)),
          m_length(builder.m_writer, m_start)
    {
    }

  private:
    size_t m_start;
    LengthScope m_length;
};

MessageBuilder::MessageBuilder(const Header& header)
    : m_writer(USUAL_MESSAGE_OCTETS),
      m_nextPayloadField(HEADER_NEXT_PAYLOAD_FIELD),
      m_summary("[ ]")
{
    Header clean = header;
    clean.nextPayload = PayloadType::NONE;
    clean.length = 0;
    WriteHeader(m_writer, clean);
}

size_t
MessageBuilder::OpenPayload(PayloadType type, bool critical)
{
    const size_t start = m_writer.Size();
    m_writer.Patch8(m_nextPayloadField, static_cast<uint8_t>(type));
    m_nextPayloadField = start;
    m_writer.U8(static_cast<uint8_t>(PayloadType::NONE));
    m_writer.U8(critical ? CRITICAL_BIT : 0);
    return start;
}

void
MessageBuilder::Note(std::string_view word)
{
    m_summary.pop_back();
    m_summary += word;
    m_summary += " ]";
}

void
MessageBuilder::Sa(const SaPayload& sa)
{
    const PayloadScope scope(*this, PayloadType::SA);
    WriteSa(m_writer, sa);
    Note("SA");
}

void
MessageBuilder::Ke(const KePayload& ke)
{
    const PayloadScope scope(*this, PayloadType::KE);
    WriteKe(m_writer, ke);
    Note("KE");
}

void
MessageBuilder::Id(PayloadType type, const IdPayload& id)
{
    IKELAB_ASSERT(type == PayloadType::IDI || type == PayloadType::IDR);
    const PayloadScope scope(*this, type);
    WriteId(m_writer, id);
    Note(ShortName(type));
}

void
MessageBuilder::Auth(const AuthPayload& auth)
{
    const PayloadScope scope(*this, PayloadType::AUTH);
    WriteAuth(m_writer, auth);
    Note("AUTH");
}

void
MessageBuilder::Nonce(Bytes nonce)
{
    const PayloadScope scope(*this, PayloadType::NONCE);
    m_writer.Octets(nonce);
    Note("No");
}

void
MessageBuilder::Notify(const NotifyPayload& notify)
{
    const PayloadScope scope(*this, PayloadType::NOTIFY);
    WriteNotify(m_writer, notify);
    Note("N(" + ShortName(notify.type) + ")");
}

void
MessageBuilder::Notify(NotifyType type, Bytes data)
{
    Notify(NotifyPayload{ProtocolId::NONE, {}, type, data});
}

void
MessageBuilder::NotifyWith(NotifyType type, const NotifyData& data)
{
    Notify(type, NotifyDataOctets(data));
}

void
MessageBuilder::Delete(const DeletePayload& payload)
{
    const PayloadScope scope(*this, PayloadType::DELETE);
    WriteDelete(m_writer, payload);
    Note("D");
}

void
MessageBuilder::VendorId(Bytes data)
{
    const PayloadScope scope(*this, PayloadType::VENDOR_ID);
    m_writer.Octets(data);
    Note("V");
}

void
MessageBuilder::Ts(PayloadType type, const TsPayload& ts)
{
    IKELAB_ASSERT(type == PayloadType::TSI || type == PayloadType::TSR);
    const PayloadScope scope(*this, type);
    WriteTs(m_writer, ts);
    Note(ShortName(type));
}

void
MessageBuilder::Cert(const CertPayload& cert)
{
    const PayloadScope scope(*this, PayloadType::CERT);
    WriteCert(m_writer, cert);
    Note("CERT");
}

void
MessageBuilder::CertReq(const CertReqPayload& certReq)
{
    const PayloadScope scope(*this, PayloadType::CERTREQ);
    WriteCertReq(m_writer, certReq);
    Note("CERTREQ");
}

void
MessageBuilder::Cp(const CpPayload& cp)
{
    const PayloadScope scope(*this, PayloadType::CP);
    WriteCp(m_writer, cp);
    Note("CP");
}

void
MessageBuilder::Eap(const EapMessage& eap)
{
    const PayloadScope scope(*this, PayloadType::EAP);
    WriteEap(m_writer, eap);
    Note("EAP");
}

void
MessageBuilder::PuzzleSolution(const struct PuzzleSolution& solution)
{
    const PayloadScope scope(*this, PayloadType::PS);
    WritePuzzleSolution(m_writer, solution);
    Note("PS");
}

void
MessageBuilder::Skf(const SkfPayload& skf)
{
    IKELAB_ASSERT(m_skStart == 0);
    const PayloadScope scope(*this, PayloadType::SKF);
    m_writer.Patch8(m_nextPayloadField, static_cast<uint8_t>(skf.head.inner));
    WriteSkf(m_writer, skf);
    Note(fmt::format("EF({}/{})", skf.head.number, skf.head.total));
}

void
MessageBuilder::Raw(PayloadType type, bool critical, Bytes body)
{
    const PayloadScope scope(*this, type, critical);
    m_writer.Octets(body);
    Note(ShortName(type));
}

void
MessageBuilder::Add(const Payload& payload)
{
    const PayloadScope scope(*this, payload.type, payload.critical);
    const auto write = [this]<typename Body>(const Body& body)
    {
        if constexpr (std::is_same_v<Body, SaPayload>)
        {
            WriteSa(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, KePayload>)
        {
            WriteKe(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, IdPayload>)
        {
            WriteId(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, AuthPayload>)
        {
            WriteAuth(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, NotifyPayload>)
        {
            WriteNotify(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, DeletePayload>)
        {
            WriteDelete(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, TsPayload>)
        {
            WriteTs(m_writer, body);
        }
        else if constexpr (std::is_same_v<Body, SkPayload>)
        {
            m_writer.Patch8(m_nextPayloadField, static_cast<uint8_t>(body.inner));
            m_writer.Octets(body.body);
        }
        else if constexpr (std::is_same_v<Body, RawPayload>)
        {
            m_writer.Octets(body.body);
        }
        else
        {
            m_writer.Octets(body.data);
        }
    };
    std::visit(write, payload.body);
    Note(SummaryWord(payload));
}

Buffer
MessageBuilder::Finish()
{
    m_writer.Patch32(HEADER_LENGTH_FIELD, static_cast<uint32_t>(m_writer.Size()));
    return m_writer.Release();
}

void
MessageBuilder::BeginSk(size_t ivOctets)
{
    IKELAB_ASSERT(m_skStart == 0);
    m_skStart = OpenPayload(PayloadType::SK, false);
    m_skIvOctets = ivOctets;
    m_writer.U16(0); // the length, which FinishSk knows
    m_skHeadOctets = m_writer.Size();
    m_writer.Zeros(ivOctets);
}

void
MessageBuilder::BeginSkf(const SkfHead& head, size_t ivOctets, Bytes content)
{
    IKELAB_ASSERT(m_skStart == 0);
    IKELAB_ASSERT(head.number == 1 || head.inner == PayloadType::NONE);
    m_skStart = OpenPayload(PayloadType::SKF, false);
    m_writer.Patch8(m_nextPayloadField, static_cast<uint8_t>(head.inner));
    m_skIvOctets = ivOctets;
    m_writer.U16(0); // the length, which FinishSk knows
    WriteSkf(m_writer, {head, {}, 0});
    m_skHeadOctets = m_writer.Size();
    m_writer.Zeros(ivOctets);
    m_writer.Octets(content);
    Note(fmt::format("EF({}/{})", head.number, head.total));
}

MessageBuilder::Unsealed
MessageBuilder::FinishSk(size_t blockOctets, size_t icvOctets)
{
    IKELAB_ASSERT(m_skStart != 0 && blockOctets > 0 && blockOctets <= 256);
    const size_t headOctets = m_skHeadOctets;
    // RFC 7296 §3.14: payloads, padding and the pad length octet fill whole cipher blocks.
    const size_t unpadded = m_writer.Size() - headOctets - m_skIvOctets + 1;
    const size_t padding = (blockOctets - unpadded % blockOctets) % blockOctets;
    m_writer.Zeros(padding);
    m_writer.U8(static_cast<uint8_t>(padding));
    m_writer.Zeros(icvOctets);
    const size_t skOctets = m_writer.Size() - m_skStart;
    IKELAB_ASSERT(skOctets <= 0xffff);
    m_writer.Patch16(m_skStart + 2, static_cast<uint16_t>(skOctets));
    m_skStart = 0;
    return {Finish(), headOctets};
}

} // namespace ikelab::wire
