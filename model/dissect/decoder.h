// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "crypto/context.h"
#include "dissect/cipher_cache.h"
#include "dissect/ike_reader.h"
#include "dissect/ip_reassembly.h"
#include "dissect/key_store.h"
#include "dissect/packet_view.h"
#include "esp/packet_info.h"
#include "io/pcap_reader.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ikelab::dissect
{

struct DecoderOptions
{
    /// UDP ports besides 500 and 4500 that carry IKE and ESP (NAT mappings, configured ports).
    std::set<uint16_t> ports;
};

/**
 * Reads the packets of one capture in their order: IP and its fragments, IKE and its fragments, ESP
 * and what is inside, with the keys of a KeyStore. Nothing that a packet holds makes it fail: what
 * cannot be read is said in the packet's layers.
 *
 *     Decoder decoder(context, keys);
 *     for (const io::CapturePacket& packet : capture.packets)
 *         std::cout << ToLine(decoder.Read(capture, packet), start) << "\n";
 */
class Decoder
{
  public:
    /// Both must outlive this, and keys must not change.
    Decoder(crypto::Context& context, const KeyStore& keys, DecoderOptions options = {});

    PacketView Read(const io::Capture& capture, const io::CapturePacket& packet);

  private:
    struct Ends
    {
        IpAddress source;
        IpAddress destination;
    };

    /// Where in a capture a packet stands, and how deep in it we are.
    struct Place
    {
        uint32_t interface {
            0
        };
        size_t depth{0};
        bool decrypted{false}; ///< inside ESP: what is broken there, we or the keys have broken
    };

    /// How far the sequence numbers of an SA have come, for the half that is not sent.
    struct SequenceState
    {
        uint32_t high{0};
        uint32_t low{0};
    };

    const std::string& InterfaceName(uint32_t interface, std::string_view name);
    bool IsOurs(uint8_t protocol, Bytes content) const;
    bool IsOurPort(uint16_t port) const;
    void ReadIp(PacketView& view, Place place, Bytes octets);
    void ShowBrokenIp(PacketView& view,
                      Bytes octets,
                      Protection protection,
                      std::string problem,
                      bool decrypted = false) const;
    void ReadFragment(PacketView& view, Place place, const esp::PacketInfo& info, Bytes packet);
    void ReadNext(PacketView& view, Place place, const Ends& ends, uint8_t protocol, Bytes content);
    void ReadUdp(PacketView& view, Place place, const Ends& ends, Bytes datagram);
    void ReadUdpContent(PacketView& view,
                        Place place,
                        const Ends& ends,
                        const Path& ports,
                        Bytes content);
    void ReadAh(PacketView& view, Place place, const Ends& ends, Bytes packet);
    void ReadEsp(PacketView& view, Place place, const Ends& ends, Bytes packet);
    std::optional<uint32_t> SequenceHigh(const EspTableKeys& keys,
                                         EspSpi spi,
                                         uint32_t sequence) const;
    void LearnSequence(const EspTableKeys& keys, EspSpi spi, uint32_t high, uint32_t low);

    CipherCache m_ciphers;
    const KeyStore& m_keys;
    IkeReader m_ike;
    DecoderOptions m_options;
    size_t m_count{0};
    std::map<uint32_t, std::string> m_interfaceNames;
    std::map<uint32_t, IpReassembly> m_ipReassembly; ///< by interface
    /// By row and SPI: a row for any SPI serves several SAs.
    std::map<std::pair<const EspTableKeys*, EspSpi>, SequenceState> m_sequences;
};

} // namespace ikelab::dissect
