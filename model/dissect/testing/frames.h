// SPDX-License-Identifier: MIT
#pragma once

#include "base/assert.h"
#include "base/byte_writer.h"
#include "base/hex.h"
#include "crypto/packet_cipher.h"
#include "dissect/key_store.h"
#include "esp/testing/packets.h"
#include "io/pcap_reader.h"
#include "wire/esp_header.h"
#include "wire/message_builder.h"

#include <string>
#include <string_view>

/// Frames of raw IP whose keys are known, for the tests of this room.
namespace ikelab::dissect::testing
{

inline constexpr uint16_t RAW_IP = 101;
inline constexpr std::string_view IKE_ROW =
    "1111111111111111,2222222222222222,"
    "000102030405060708090a0b0c0d0e0f10111213,101112131415161718191a1b1c1d1e1f20212223,"
    "\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"";
inline constexpr std::string_view ESP_ROW =
    R"("IPv4","*","*","0x000000c1","AES-GCM with 16 octet ICV [RFC4106]",)"
    R"("0x000102030405060708090a0b0c0d0e0f10111213","NULL","")";

inline const crypto::EncrRow&
Gcm128()
{
    return *crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128);
}

inline Buffer
InitiatorKey()
{
    return Hex("000102030405060708090a0b0c0d0e0f10111213");
}

/// An IP packet around other contents than esp/testing makes: IPv4 from 192.0.2.1 to 192.0.2.2.
inline Buffer
Ipv4(uint8_t protocol, Bytes content, uint16_t fragmentField = 0)
{
    Buffer packet = esp::testing::MakePacket({.source = "192.0.2.1",
                                              .destination = "192.0.2.2",
                                              .protocol = protocol,
                                              .fragmentField = fragmentField});
    packet.resize(20);
    Append(packet, content);
    packet[2] = static_cast<uint8_t>(packet.size() >> 8);
    packet[3] = static_cast<uint8_t>(packet.size());
    return packet;
}

inline Buffer
Udp(uint16_t source, uint16_t destination, Bytes content)
{
    ByteWriter writer;
    writer.U16(source);
    writer.U16(destination);
    writer.U16(static_cast<uint16_t>(8 + content.size()));
    writer.U16(0);
    writer.Octets(content);
    return writer.Release();
}

/// The same behind the non-ESP marker.
inline Buffer
Marked(Bytes message)
{
    Buffer octets(wire::NON_ESP_MARKER_OCTETS, 0);
    Append(octets, message);
    return octets;
}

inline wire::Header
RequestHeader(uint32_t messageId = 1)
{
    wire::Header header;
    header.initiatorSpi = IkeSpi{0x1111111111111111};
    header.responderSpi = IkeSpi{0x2222222222222222};
    header.exchange = wire::ExchangeType::IKE_AUTH;
    header.flags = wire::FLAG_INITIATOR;
    header.messageId = MessageId{messageId};
    return header;
}

inline Buffer
Seal(crypto::Context& context, wire::MessageBuilder& builder)
{
    crypto::PacketCipher cipher(
        context, crypto::PacketCipher::Direction::SEAL, Gcm128(), nullptr, InitiatorKey(), {});
    auto unsealed = builder.FinishSk(cipher.BlockOctets(), cipher.IcvOctets());
    const bool sealed = cipher.Seal(unsealed.octets, unsealed.headOctets).has_value();
    IKELAB_ASSERT(sealed);
    return std::move(unsealed.octets);
}

/// One fragment of a message whose payloads are `content` in all.
inline Buffer
SkfMessage(crypto::Context& context, const wire::SkfHead& head, Bytes content, uint32_t id = 1)
{
    wire::MessageBuilder builder(RequestHeader(id));
    builder.BeginSkf(head, Gcm128().ivOctets, content);
    return Seal(context, builder);
}

/// An ESP packet with `sequence`, and `high` where the sequence number is extended.
inline Buffer
EspPacket(crypto::Context& context,
          Bytes content,
          uint8_t nextHeader,
          uint32_t sequence,
          std::optional<uint32_t> high = {})
{
    crypto::PacketCipher cipher(
        context, crypto::PacketCipher::Direction::SEAL, Gcm128(), nullptr, InitiatorKey(), {});
    ByteWriter writer;
    writer.U32(0xc1);
    writer.U32(sequence);
    writer.Zeros(cipher.IvOctets());
    writer.Octets(content);
    const size_t padding = (4 - (content.size() + 2) % 4) % 4;
    for (size_t i = 1; i <= padding; ++i)
    {
        writer.U8(static_cast<uint8_t>(i));
    }
    writer.U8(static_cast<uint8_t>(padding));
    writer.U8(nextHeader);
    writer.Zeros(cipher.IcvOctets());
    Buffer packet = writer.Release();
    const bool sealed = cipher.Seal(packet, wire::ESP_HEADER_OCTETS, high).has_value();
    IKELAB_ASSERT(sealed);
    return packet;
}

/// A capture with one interface of raw IP; packets borrow from what is given.
inline io::Capture
RawIpCapture()
{
    io::Capture capture;
    capture.interfaces.emplace_back();
    capture.interfaces.back().name = "wan";
    capture.interfaces.back().linkType = RAW_IP;
    return capture;
}

} // namespace ikelab::dissect::testing
