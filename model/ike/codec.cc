// SPDX-License-Identifier: MIT
#include "ike/codec.h"

#include <utility>

namespace ikelab::ike
{

MessageCodec::MessageCodec(crypto::Context& context,
                           const crypto::IkeSuite& suite,
                           const crypto::IkeKeys& keys,
                           bool initiator)
    : m_out(context,
            crypto::PacketCipher::Direction::SEAL,
            *suite.encr,
            suite.integ,
            (initiator ? keys.ei : keys.er).View(),
            (initiator ? keys.ai : keys.ar).View()),
      m_in(context,
           crypto::PacketCipher::Direction::OPEN,
           *suite.encr,
           suite.integ,
           (initiator ? keys.er : keys.ei).View(),
           (initiator ? keys.ar : keys.ai).View())
{
}

wire::MessageBuilder
MessageCodec::Begin(const wire::Header& header) const
{
    wire::MessageBuilder builder(header);
    builder.BeginSk(m_out.IvOctets());
    return builder;
}

Result<Buffer>
MessageCodec::Seal(wire::MessageBuilder&& builder, RandomSource& random)
{
    auto unsealed = builder.FinishSk(m_out.BlockOctets(), m_out.IcvOctets());
    m_out.WriteIv(MutableBytes(unsealed.octets).subspan(unsealed.headOctets, m_out.IvOctets()),
                  m_counter++,
                  random);
    TRY(m_out.Seal(unsealed.octets, unsealed.headOctets));
    return std::move(unsealed.octets);
}

Result<OpenedMessage>
MessageCodec::Open(const wire::Message& message)
{
    const auto* sk = message.chain.Get<wire::SkPayload>(wire::PayloadType::SK);
    if (!sk)
    {
        return Fail(Fault::MISSING_PAYLOAD, "SK");
    }
    Buffer octets = ToBuffer(message.octets);
    TRY(m_in.Open(octets, sk->bodyOffset));
    auto chain = ReadPlain(octets, *sk);
    return OpenedMessage{std::move(octets), std::move(chain)};
}

Result<wire::PayloadChain>
MessageCodec::ReadPlain(const Buffer& octets, const wire::SkPayload& sk) const
{
    const size_t begin = sk.bodyOffset + m_in.IvOctets();
    const size_t end = octets.size() - m_in.IcvOctets();
    if (begin >= end)
    {
        return Fail(Fault::TRUNCATED, "SK pad length", end);
    }
    // RFC 7296 §3.14: any padding content is accepted, its length must fit.
    const size_t padding = octets[end - 1];
    if (padding + 1 > end - begin)
    {
        return Fail(Fault::BAD_VALUE, "SK pad length", end - 1);
    }
    const Bytes plain = Bytes(octets).subspan(begin, end - 1 - padding - begin);
    return wire::ParsePayloads(sk.inner, plain, begin);
}

void
MessageCodec::Rest()
{
    m_out.DropContexts();
    m_in.DropContexts();
}

} // namespace ikelab::ike
