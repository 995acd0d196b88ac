// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/hex.h"
#include "wire/message.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>

namespace ikelab::wire
{

namespace
{

/// Longer octet strings are cut, with their length said.
constexpr size_t SHOWN_OCTETS = 32;

std::string
Show(Bytes octets)
{
    if (octets.size() <= SHOWN_OCTETS)
    {
        return fmt::format("{} octets {}", octets.size(), ToHex(octets));
    }
    return fmt::format("{} octets {}...", octets.size(), ToHex(octets.first(SHOWN_OCTETS)));
}

/// Text if every octet is printable ASCII.
std::optional<std::string>
Printable(Bytes octets)
{
    for (const uint8_t octet : octets)
    {
        if (octet < 0x20 || octet > 0x7e)
        {
            return std::nullopt;
        }
    }
    return std::string(octets.begin(), octets.end());
}

std::string
TransformName(const Transform& transform)
{
    switch (transform.type)
    {
    case TransformType::ENCR:
        return ToString(Encr{transform.id});
    case TransformType::PRF:
        return ToString(Prf{transform.id});
    case TransformType::INTEG:
        return ToString(Integ{transform.id});
    case TransformType::KE:
    case TransformType::ADDKE1:
    case TransformType::ADDKE2:
    case TransformType::ADDKE3:
    case TransformType::ADDKE4:
    case TransformType::ADDKE5:
    case TransformType::ADDKE6:
    case TransformType::ADDKE7:
        return ToString(KeMethod{transform.id});
    case TransformType::ESN:
        return ToString(Esn{transform.id});
    case TransformType::KWA:
        return ToString(KeyWrap{transform.id});
    case TransformType::GCAUTH:
        return ToString(GroupControllerAuth{transform.id});
    }
    return std::to_string(transform.id);
}

std::string
SelectorText(const TrafficSelector& selector)
{
    if (selector.type != TsType::TS_IPV4_ADDR_RANGE && selector.type != TsType::TS_IPV6_ADDR_RANGE)
    {
        return fmt::format("{} {}", ToString(selector.type), Show(selector.other));
    }
    return fmt::format("{} protocol {} ports {}-{}",
                       selector.addresses.ToString(),
                       selector.protocol,
                       selector.startPort,
                       selector.endPort);
}

/// Appends the lines of one payload.
class PayloadPrinter
{
  public:
    explicit PayloadPrinter(std::string& text) : m_text(text)
    {
    }

    void
    operator()(const RawPayload& raw)
    {
        Line("{}", Show(raw.body));
    }

    void
    operator()(const SaPayload& sa)
    {
        for (const Proposal& proposal : sa.proposals)
        {
            Line("proposal {} {} SPI {}",
                 proposal.number,
                 ToString(proposal.protocol),
                 proposal.spi.empty() ? "none" : ToHex(proposal.spi));
            for (const Transform& transform : proposal.transforms)
            {
                Line("  {} {}{}{}",
                     ToString(transform.type),
                     TransformName(transform),
                     transform.keyLength ? fmt::format(" {} bits", *transform.keyLength) : "",
                     transform.otherAttributes.empty()
                         ? ""
                         : " other attributes " + ToHex(transform.otherAttributes));
            }
        }
    }

    void
    operator()(const KePayload& ke)
    {
        Line("method {}, {}", ToString(ke.method), Show(ke.data));
    }

    void
    operator()(const IdPayload& id)
    {
        const bool isName = id.type == IdType::ID_FQDN || id.type == IdType::ID_RFC822_ADDR;
        const bool isAddress = id.type == IdType::ID_IPV4_ADDR || id.type == IdType::ID_IPV6_ADDR;
        const auto name = Printable(id.data);
        if (isAddress && (id.data.size() == 4 || id.data.size() == 16))
        {
            Line("{} {}", ToString(id.type), IpAddress::FromOctets(id.data).ToString());
        }
        else if (isName && name)
        {
            Line("{} {}", ToString(id.type), *name);
        }
        else
        {
            Line("{} {}", ToString(id.type), Show(id.data));
        }
    }

    void
    operator()(const AuthPayload& auth)
    {
        Line("method {}, {}", ToString(auth.method), Show(auth.data));
    }

    void
    operator()(const NoncePayload& nonce)
    {
        Line("{}", Show(nonce.data));
    }

    void
    operator()(const NotifyPayload& notify)
    {
        Line("{}", ToString(notify.type));
        if (!notify.spi.empty())
        {
            Line("{} SPI {}", ToString(notify.protocol), ToHex(notify.spi));
        }
        if (!notify.data.empty())
        {
            Line("{}", Show(notify.data));
        }
    }

    void
    operator()(const DeletePayload& payload)
    {
        Line("{}, {} SPIs", ToString(payload.protocol), payload.spis.size());
        for (const EspSpi spi : payload.spis)
        {
            Line("  SPI {:08x}", spi.value);
        }
    }

    void
    operator()(const VendorIdPayload& vendorId)
    {
        const auto name = Printable(vendorId.data);
        Line("{}{}", Show(vendorId.data), name ? fmt::format(" \"{}\"", *name) : "");
    }

    void
    operator()(const TsPayload& ts)
    {
        for (const TrafficSelector& selector : ts.selectors)
        {
            Line("{}", SelectorText(selector));
        }
    }

    void
    operator()(const SkPayload& sk)
    {
        Line("first inside {}, {} octets protected", ToString(sk.inner), sk.body.size());
    }

  private:
    template <typename... Arguments>
    void
    Line(fmt::format_string<Arguments...> format, Arguments&&... arguments)
    {
        m_text += "    ";
        fmt::format_to(std::back_inserter(m_text), format, std::forward<Arguments>(arguments)...);
        m_text += '\n';
    }

    std::string& m_text;
};

} // namespace

std::string
SummaryWord(const Payload& payload)
{
    if (const auto* notify = std::get_if<NotifyPayload>(&payload.body))
    {
        return "N(" + ShortName(notify->type) + ")";
    }
    const auto* sk = std::get_if<SkPayload>(&payload.body);
    if (payload.type == PayloadType::SKF && sk != nullptr)
    {
        // RFC 7383 §2.5
        ByteReader reader(sk->body);
        uint16_t number;
        uint16_t total;
        if (reader.U16(number) && reader.U16(total))
        {
            return fmt::format("EF({}/{})", number, total);
        }
    }
    return ShortName(payload.type);
}

std::string
Summary(const PayloadChain& chain)
{
    std::string text = "[ ";
    for (const Payload& payload : chain.payloads)
    {
        text += SummaryWord(payload);
        text += ' ';
    }
    text += ']';
    return text;
}

std::string
Describe(const PayloadChain& chain)
{
    std::string text;
    for (const Payload& payload : chain.payloads)
    {
        fmt::format_to(std::back_inserter(text),
                       "  {}{}\n",
                       ToString(payload.type),
                       payload.critical ? " (critical)" : "");
        std::visit(PayloadPrinter(text), payload.body);
    }
    return text;
}

std::string
Describe(const Message& message)
{
    const Header& header = message.header;
    return fmt::format("IKE {}.{} {} {} {} from the {} of the IKE SA, {} octets\n"
                       "  SPIs {:016x} {:016x}\n",
                       header.majorVersion,
                       header.minorVersion,
                       ToString(header.exchange),
                       header.IsResponse() ? "response" : "request",
                       header.messageId.value,
                       header.FromInitiator() ? "initiator" : "responder",
                       header.length,
                       header.initiatorSpi.value,
                       header.responderSpi.value) +
           Describe(message.chain);
}

} // namespace ikelab::wire
