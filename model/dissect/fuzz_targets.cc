// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "dissect/decoder.h"
#include "dissect/ike_reassembly.h"
#include "dissect/testing/frames.h"
#include "io/pcap_reader.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace ikelab::dissect
{

namespace
{

/// Keys of ciphers and MACs that change nothing.
void
AddPlainKeys(KeyStore& store)
{
    const auto rows = store.AddText(R"("IPv4","*","*","*","NULL","","NULL",""
"IPv6","*","*","*","NULL","","NULL",""
1111111111111111,2222222222222222,,,"NULL [RFC2410]",,,"NONE [RFC4306]"
)",
                                    "plain");
    IKELAB_ASSERT(rows.value_or(0) == 3);
}

crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

void
Show(const PacketView& view)
{
    IKELAB_ASSERT(!view.layers.empty());
    IKELAB_ASSERT(nlohmann::json::accept(ToJson(view)));
    const std::string line = ToLine(view, Duration{0});
    IKELAB_ASSERT(line.find('\n') == std::string::npos);
    IKELAB_ASSERT(ToText(view, Duration{0}).starts_with(line + "\n"));
}

void
FuzzFile(Bytes octets)
{
    const auto capture = io::ParseCapture(octets);
    if (!capture)
    {
        return;
    }
    KeyStore keys;
    AddPlainKeys(keys);
    (void)keys.AddSecrets(*capture, "fuzz");
    Decoder decoder(SharedContext(), keys);
    for (const io::CapturePacket& packet : capture->packets)
    {
        Show(decoder.Read(*capture, packet));
    }
}

void
FuzzPackets(Bytes octets, bool ike)
{
    KeyStore keys;
    AddPlainKeys(keys);
    Decoder decoder(SharedContext(), keys);
    const io::Capture capture = testing::RawIpCapture();
    ByteReader reader(octets);
    uint16_t length;
    while (reader.U16(length))
    {
        Bytes content;
        if (!reader.Take(std::min<size_t>(length, reader.Left()), content))
        {
            return;
        }
        const Buffer framed =
            ike ? testing::Ipv4(esp::PROTOCOL_UDP, testing::Udp(500, 500, content))
                : ToBuffer(content);
        io::CapturePacket packet;
        packet.data = framed;
        packet.originalOctets = static_cast<uint32_t>(framed.size());
        Show(decoder.Read(capture, packet));
    }
}

} // namespace

void
FuzzCapture(Bytes octets)
{
    if (octets.empty())
    {
        return;
    }
    const uint8_t kind = octets.front() % 3;
    octets = octets.subspan(1);
    if (kind == 0)
    {
        FuzzFile(octets);
    }
    else
    {
        FuzzPackets(octets, kind == 2);
    }
}

void
FuzzIkeFragments(Bytes octets)
{
    struct Model
    {
        uint16_t total{0};
        std::map<uint16_t, Buffer> pieces;
    };

    IkeReassembly reassembly;
    std::map<std::tuple<uint32_t, uint32_t>, Model> models;
    ByteReader reader(octets);
    uint8_t which;
    uint8_t number;
    uint8_t total;
    uint8_t length;
    uint8_t fill;
    while (reader.U8(which) && reader.U8(number) && reader.U8(total) && reader.U8(length) &&
           reader.U8(fill))
    {
        // Few of each, so that they meet.
        const uint32_t place = which & 1;
        const uint32_t id = which >> 1 & 3;
        const wire::SkfHead head{wire::PayloadType::NONCE,
                                 static_cast<uint16_t>(1 + number % 8),
                                 static_cast<uint16_t>(1 + total % 8)};
        if (head.number > head.total)
        {
            continue; // ParseSkf refuses it
        }
        const Buffer text(length, fill);
        const auto outcome = reassembly.Add(place, testing::RequestHeader(id), head, text);

        Model& model = models[{place, id}];
        if (head.total > model.total)
        {
            model = {head.total, {}};
        }
        const auto known = model.pieces.find(head.number);
        const bool differs = known != model.pieces.end() && known->second != text;
        IKELAB_ASSERT(outcome.has_value() == (head.total == model.total && !differs));
        if (!outcome)
        {
            continue;
        }
        model.pieces.emplace(head.number, text);
        IKELAB_ASSERT(outcome->pieces == model.pieces.size());
        IKELAB_ASSERT(outcome->text.has_value() == (model.pieces.size() == model.total));
        if (outcome->text)
        {
            Buffer whole;
            for (const auto& [position, piece] : model.pieces)
            {
                Append(whole, piece);
            }
            IKELAB_ASSERT(*outcome->text == whole);
        }
    }
}

void
FuzzKeyTable(Bytes octets)
{
    KeyStore store;
    const auto rows =
        store.AddText({reinterpret_cast<const char*>(octets.data()), octets.size()}, "table");
    for (const std::string& problem : rows ? std::vector<std::string>{} : rows.error().told)
    {
        IKELAB_ASSERT(problem.starts_with("table:"));
    }
    const EspAddress packet{IpAddress::V4(0), IpAddress::V4(0), EspSpi{0x100}};
    for (const EspTableKeys* keys : store.FindEsp(packet))
    {
        IKELAB_ASSERT(keys->selectors.Fit(packet));
    }
    (void)store.FindIke(IkeSpi{1}, IkeSpi{2});
}

} // namespace ikelab::dissect
