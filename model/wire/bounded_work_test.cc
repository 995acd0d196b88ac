// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/limits.h"
#include "base/testing/allocations.h"
#include "wire/cp_payload.h"
#include "wire/der_name.h"
#include "wire/message.h"
#include "wire/message_builder.h"
#include "wire/notify_data.h"
#include "wire/sample_messages.h"

#include <gtest/gtest.h>

#include <vector>

/// Memory and work stay within a multiple of the octets received, whatever these are.
namespace ikelab::wire
{
namespace
{

/// Parsing: the largest value per octet is a Payload of some 80 octets for four of header, twice
/// over for the vector's copy.
constexpr size_t PARSE_OCTETS_PER_OCTET = 64;
constexpr size_t PARSE_CALLS_PER_OCTET = 1;
/// Printing: a tree of named values, then its text.
constexpr size_t PRINT_OCTETS_PER_OCTET = 1000;
constexpr size_t PRINT_CALLS_PER_OCTET = 4;
/// What any call may cost besides.
constexpr size_t FIXED_OCTETS = 16384;
constexpr size_t FIXED_CALLS = 64;

void
ExpectBounded(const Allocated& spent, size_t octets, size_t octetsPerOctet, size_t callsPerOctet)
{
    EXPECT_LE(spent.octets, FIXED_OCTETS + octetsPerOctet * octets) << octets;
    EXPECT_LE(spent.calls, FIXED_CALLS + callsPerOctet * octets) << octets;
}

/// A message with one payload whose body is `unit` over and over, as long as a datagram can be.
Buffer
Stuffed(PayloadType type, Bytes head, Bytes unit)
{
    Buffer body = ToBuffer(head);
    while (body.size() + unit.size() + HEADER_OCTETS + 8 < limits::MESSAGE_OCTETS)
    {
        Append(body, unit);
    }
    MessageBuilder builder(Header{});
    builder.Raw(type, false, body);
    return builder.Finish();
}

std::vector<Buffer>
HostileMessages()
{
    std::vector<Buffer> messages = {EveryPayload(), TypedPayloads(), LargeSaInit()};
    messages.push_back(Stuffed(PayloadType::CP, Hex("02000000"), Hex("00010000")));
    messages.push_back(Stuffed(PayloadType::CP, Hex("02000000"), Hex("00010001aa")));
    messages.push_back(Stuffed(PayloadType::NOTIFY, Hex("0000402f"), Hex("0002")));
    messages.push_back(Stuffed(PayloadType::NOTIFY, Hex("0000403b"), Hex("0202")));
    messages.push_back(Stuffed(PayloadType::NOTIFY, Hex("00004020"), Hex("80010001")));
    messages.push_back(Stuffed(PayloadType::CERTREQ, Hex("04"), Buffer(20)));
    messages.push_back(Stuffed(PayloadType::CERT, Hex("04"), Buffer(1)));
    messages.push_back(Stuffed(PayloadType::EAP, Hex("0107000003"), Hex("03")));
    messages.push_back(Stuffed(PayloadType::PS, {}, Buffer(4)));
    messages.push_back(Stuffed(PayloadType::SA, {}, Hex("0200000801030401")));
    messages.push_back(Stuffed(PayloadType::SA, Hex("0000ffe0010100ff"), Hex("0300000801000014")));
    messages.push_back(Stuffed(PayloadType::TSI, Hex("ff000000"), Hex("0a000004")));
    messages.push_back(Stuffed(PayloadType::DELETE, Hex("0304ffff"), Hex("00000001")));
    messages.push_back(Stuffed(PayloadType::IDI, Hex("0900000030"), Hex("3102")));
    messages.push_back(Stuffed(PayloadType::VENDOR_ID, {}, Hex("5c")));
    messages.push_back(Stuffed(PayloadType{200}, {}, Hex("ff")));
    MessageBuilder many(Header{});
    for (size_t i = 0; i < limits::PAYLOADS; ++i)
    {
        many.VendorId({});
    }
    messages.push_back(many.Finish());
    return messages;
}

TEST(BoundedWork, OfParsingGrowsWithTheOctetsOnly)
{
    for (const Buffer& octets : HostileMessages())
    {
        const Allocated spent = Measure([&octets] { (void)ParseMessage(octets).has_value(); });
        ExpectBounded(spent, octets.size(), PARSE_OCTETS_PER_OCTET, PARSE_CALLS_PER_OCTET);
    }
}

TEST(BoundedWork, OfPrintingGrowsWithTheOctetsOnly)
{
    for (const Buffer& octets : HostileMessages())
    {
        const auto message = ParseMessage(octets);
        if (!message)
        {
            continue;
        }
        const Allocated text = Measure([&message] { (void)ToText(*message).size(); });
        ExpectBounded(text, octets.size(), PRINT_OCTETS_PER_OCTET, PRINT_CALLS_PER_OCTET);
        const Allocated json = Measure([&message] { (void)ToJson(*message).size(); });
        ExpectBounded(json, octets.size(), PRINT_OCTETS_PER_OCTET, PRINT_CALLS_PER_OCTET);
    }
}

TEST(BoundedWork, OfReadersOnDemandGrowsWithTheOctetsOnly)
{
    const Buffer large(60000, 0x01);
    const Allocated cp = Measure([&large] { (void)ParseCp(large).has_value(); });
    ExpectBounded(cp, large.size(), PARSE_OCTETS_PER_OCTET, PARSE_CALLS_PER_OCTET);
    for (unsigned type = 0; type < 17000; ++type)
    {
        const NotifyType notify{static_cast<uint16_t>(type)};
        const Allocated data = Measure([&] { (void)ParseNotifyData(notify, large).has_value(); });
        ExpectBounded(data, large.size(), PARSE_OCTETS_PER_OCTET, PARSE_CALLS_PER_OCTET);
    }
    const Allocated name = Measure([&large] { (void)ParseDistinguishedName(large).has_value(); });
    ExpectBounded(name, large.size(), PARSE_OCTETS_PER_OCTET, PARSE_CALLS_PER_OCTET);
}

} // namespace
} // namespace ikelab::wire
