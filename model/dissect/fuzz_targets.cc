// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "dissect/decoder.h"
#include "dissect/ike_reassembly.h"
#include "dissect/testing/frames.h"
#include "io/pcap_reader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
Show(const PacketView& view, Duration start = {})
{
    IKELAB_ASSERT(!view.layers.empty());
    IKELAB_ASSERT(nlohmann::json::accept(ToJson(view)));
    const std::string line = ToLine(view, start);
    IKELAB_ASSERT(line.find('\n') == std::string::npos);
    IKELAB_ASSERT(ToText(view, start).starts_with(line + "\n"));
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
        Show(decoder.Read(*capture, packet), capture->packets.front().sinceEpoch);
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

namespace
{

/// What IkeReassembly is to remember, with maps alone.
class FragmentModel
{
  public:
    using Key = std::pair<uint32_t, uint32_t>; ///< place and message ID

    IkeFragmentCounts counts;

    /// The same fragment that the reassembly got, and what it made of it.
    void
    Check(const Key& key,
          const wire::SkfHead& head,
          const Buffer& text,
          const Result<IkeReassembly::Outcome>& outcome)
    {
        Message& message = Find(key);
        if (head.total > message.total)
        {
            message = {head.total, {}, 0, false};
        }
        const auto known = message.pieces.find(head.number);
        const bool differs = known != message.pieces.end() && known->second != text;
        const bool tooMuch = known == message.pieces.end() &&
                             message.octets + text.size() > IkeReassembly::MESSAGE_OCTETS;
        counts.tooLong += tooMuch ? 1 : 0;
        IKELAB_ASSERT(outcome.has_value() == (head.total == message.total && !differs && !tooMuch));
        if (!outcome)
        {
            return;
        }
        message.octets += message.pieces.emplace(head.number, text).second ? text.size() : 0;
        const bool complete = message.pieces.size() == message.total;
        IKELAB_ASSERT(outcome->pieces == message.pieces.size());
        IKELAB_ASSERT(outcome->before == message.told);
        IKELAB_ASSERT(outcome->text.has_value() == (complete && !message.told));
        counts.complete += outcome->text ? 1 : 0;
        counts.copies += message.told ? 1 : 0;
        message.told = complete;
        if (outcome->text)
        {
            Buffer whole;
            for (const auto& [position, piece] : message.pieces)
            {
                Append(whole, piece);
            }
            IKELAB_ASSERT(*outcome->text == whole);
        }
    }

  private:
    struct Message
    {
        uint16_t total{0};
        std::map<uint16_t, Buffer> pieces;
        size_t octets{0};
        bool told{false};
    };

    Message&
    Find(const Key& key)
    {
        const auto [found, isNew] = m_messages.try_emplace(key);
        if (isNew)
        {
            m_order.push_back(key);
        }
        if (m_order.size() > IkeReassembly::MOST_MESSAGES)
        {
            m_messages.erase(m_order.front());
            m_order.pop_front();
            ++counts.forgotten;
        }
        return found->second;
    }

    std::map<Key, Message> m_messages;
    std::deque<Key> m_order;
};

} // namespace

void
FuzzIkeFragments(Bytes octets)
{
    (void)CountIkeFragments(octets);
}

IkeFragmentCounts
CountIkeFragments(Bytes octets)
{
    IkeReassembly reassembly;
    FragmentModel model;
    ByteReader reader(octets);
    uint8_t which;
    uint8_t number;
    uint8_t total;
    uint8_t length;
    uint8_t fill;
    while (reader.U8(which) && reader.U8(number) && reader.U8(total) && reader.U8(length) &&
           reader.U8(fill))
    {
        // Few of each, so that they meet; with the highest bit so many that the oldest must go, or
        // so long that a message becomes too long.
        const bool many = (which & 0x80) != 0 && (fill & 1) != 0;
        const bool isLong = (which & 0x80) != 0 && !many;
        const uint32_t place = which & 1;
        const wire::SkfHead head{wire::PayloadType::NONCE,
                                 static_cast<uint16_t>(1 + number % 8),
                                 static_cast<uint16_t>(1 + total % 8)};
        if (head.number > head.total)
        {
            continue; // ParseSkf refuses it
        }
        const uint32_t first = which >> 1 & 3;
        const uint32_t messages = many ? uint32_t{1} + length : 1;
        const Buffer text(isLong ? size_t{128} * length : length, fill);
        for (uint32_t id = first; id < first + messages; ++id)
        {
            const auto outcome = reassembly.Add(place, testing::RequestHeader(id), head, text);
            model.Check({place, id}, head, text, outcome);
        }
    }
    return model.counts;
}

namespace
{

/// The rows of a table one by one, for look-ups that go over all of them.
struct PlainTable
{
    std::vector<EspTableKeys> esp;
    std::vector<IkeTableKeys> ike;
    size_t wrong{0};

    explicit PlainTable(std::string_view text)
    {
        for (size_t number = 1; !text.empty(); ++number)
        {
            const size_t end = text.find('\n');
            auto row = ReadRow(text.substr(0, end), "table:" + std::to_string(number));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (!row)
            {
                ++wrong;
            }
            else if (*row && std::holds_alternative<EspTableKeys>(**row))
            {
                esp.push_back(std::move(std::get<EspTableKeys>(**row)));
            }
            else if (*row)
            {
                ike.push_back(std::move(std::get<IkeTableKeys>(**row)));
            }
        }
    }

    /// Where the row stands that is to be tried first; empty if none fits.
    std::string
    FirstFor(const EspAddress& packet) const
    {
        const EspTableKeys* first = nullptr;
        for (const EspTableKeys& keys : esp)
        {
            if (keys.selectors.Fit(packet) &&
                (!first || keys.selectors.NameTheSpi() || !first->selectors.NameTheSpi()))
            {
                first = &keys;
            }
        }
        return first ? first->where : "";
    }

    std::string
    FirstFor(IkeSpi initiator, IkeSpi responder) const
    {
        const auto last = std::ranges::find_if(ike.rbegin(),
                                               ike.rend(),
                                               [&](const IkeTableKeys& keys) {
                                                   return keys.initiator == initiator &&
                                                          keys.responder == responder;
                                               });
        return last == ike.rend() ? "" : last->where;
    }
};

void
LookUp(const KeyStore& store, const PlainTable& plain, const EspAddress& packet)
{
    const auto found = store.FindEsp(packet);
    IKELAB_ASSERT(found.size() <= KeyStore::MOST_OF_AN_ESP_SA);
    IKELAB_ASSERT((found.empty() ? "" : found.front()->where) == plain.FirstFor(packet));
    for (const EspTableKeys* keys : found)
    {
        IKELAB_ASSERT(keys->selectors.Fit(packet));
    }
}

void
LookUp(const KeyStore& store, const PlainTable& plain, IkeSpi initiator, IkeSpi responder)
{
    const auto found = store.FindIke(initiator, responder);
    IKELAB_ASSERT(found.size() <= KeyStore::MOST_OF_AN_IKE_SA);
    IKELAB_ASSERT((found.empty() ? "" : found.front()->where) ==
                  plain.FirstFor(initiator, responder));
}

} // namespace

void
FuzzKeyTable(Bytes octets)
{
    const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
    const PlainTable plain(text);
    KeyStore store;
    const auto rows = store.AddText(text, "table");
    const TableProblems problems = rows ? TableProblems{} : rows.error();
    for (const std::string& problem : problems.told)
    {
        IKELAB_ASSERT(problem.starts_with("table:"));
    }
    const size_t refused = problems.told.size() + problems.more;
    IKELAB_ASSERT(refused >= plain.wrong);
    IKELAB_ASSERT(store.Size() <= plain.esp.size() + plain.ike.size());
    if (refused > plain.wrong)
    {
        return; // too many address blocks: the store has not all that the plain table has
    }
    // What the first rows ask for, and what is beside it. So many only: each goes over all rows.
    constexpr size_t MOST_LOOKED_UP = 32;
    for (size_t i = 0; i < std::min(plain.esp.size(), MOST_LOOKED_UP); ++i)
    {
        const EspAddress& value = plain.esp[i].selectors.value;
        const EspAddress& other = plain.esp[plain.esp.size() - 1 - i].selectors.value;
        LookUp(store, plain, value);
        LookUp(store, plain, {value.source, value.destination, EspSpi{value.spi.value ^ 1}});
        LookUp(store, plain, {value.source, value.destination, other.spi});
        if (value.source.IsV6() == other.source.IsV6())
        {
            LookUp(store, plain, {other.source, value.destination, value.spi});
            LookUp(store, plain, {value.source, other.destination, value.spi});
        }
    }
    for (size_t i = 0; i < std::min(plain.ike.size(), MOST_LOOKED_UP); ++i)
    {
        LookUp(store, plain, plain.ike[i].initiator, plain.ike[i].responder);
        LookUp(store, plain, plain.ike[i].responder, plain.ike[i].initiator);
    }
    LookUp(store, plain, {IpAddress::V4(0), IpAddress::V4(0), EspSpi{0x100}});
    LookUp(store, plain, IkeSpi{1}, IkeSpi{2});
}

} // namespace ikelab::dissect
