// SPDX-License-Identifier: MIT
#include "wire/iana.h"
#include "wire/iana_contents.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <sstream>
#include <vector>

/// Every table of names, row by row and both ways, against the registries' own rows.
namespace ikelab::wire
{
namespace
{

using Rows = std::map<unsigned, std::string>;

struct Registry
{
    std::map<std::string, Rows> names;
    std::map<std::string, Rows> notations;
};

const Registry&
TheRegistry()
{
    static const Registry REGISTRY = []
    {
        Registry registry;
        std::istringstream lines(
            ReadTestFile(ConformanceFolder() / "../model/wire/testing/iana_names.tsv"));
        std::string line;
        while (std::getline(lines, line))
        {
            if (line.starts_with('#'))
            {
                continue;
            }
            std::vector<std::string> cells;
            std::istringstream row(line);
            for (std::string cell; std::getline(row, cell, '\t');)
            {
                cells.push_back(cell);
            }
            EXPECT_GE(cells.size(), 3u) << line;
            const auto number = static_cast<unsigned>(std::stoul(cells[1]));
            registry.names[cells[0]][number] = cells[2];
            if (cells.size() > 3)
            {
                registry.notations[cells[0]][number] = cells[3];
            }
        }
        return registry;
    }();
    return REGISTRY;
}

/// What our code names, of all numbers that the field can hold.
Rows
OurRows(unsigned highest, const std::function<std::string(unsigned)>& nameOf)
{
    Rows rows;
    for (unsigned number = 0; number <= highest; ++number)
    {
        const std::string name = nameOf(number);
        if (name != std::to_string(number))
        {
            rows[number] = name;
        }
    }
    return rows;
}

template <typename Enumeration>
Rows
OurRows(std::string (*nameOf)(Enumeration))
{
    using Number = std::underlying_type_t<Enumeration>;
    return OurRows(static_cast<Number>(~Number{0}),
                   [nameOf](unsigned number)
                   { return nameOf(Enumeration{static_cast<Number>(number)}); });
}

/// "Maximum Context Identifier (MAX_CID)" becomes "MAX_CID".
Rows
InParentheses(Rows rows)
{
    for (auto& [number, name] : rows)
    {
        const size_t open = name.rfind('(');
        EXPECT_TRUE(open != std::string::npos && name.ends_with(')')) << name;
        name = name.substr(open + 1, name.size() - open - 2);
    }
    return rows;
}

struct Table
{
    const char* title;
    Rows ours;
};

TEST(IanaNames, OfEveryPlainTableAreTheRegistrysBothWays)
{
    const std::vector<Table> tables = {
        {"IKEv2 Exchange Types", OurRows<ExchangeType>(&ToString)},
        {"IKEv2 Payload Types", OurRows<PayloadType>(&Title)},
        {"IKEv2 Transform Attribute Types", OurRows<TransformAttributeType>(&ToString)},
        {"Transform Type 1 - Encryption Algorithm Transform IDs", OurRows<Encr>(&ToString)},
        {"Transform Type 2 - Pseudorandom Function Transform IDs", OurRows<Prf>(&ToString)},
        {"Transform Type 3 - Integrity Algorithm Transform IDs", OurRows<Integ>(&ToString)},
        {"Transform Type 4 - Key Exchange Method Transform IDs", OurRows<KeMethod>(&ToString)},
        {"Transform Type 5 - Sequence Numbers Transform IDs", OurRows<Esn>(&ToString)},
        {"Transform Type 13 - Key Wrap Algorithm Transform IDs", OurRows<KeyWrap>(&ToString)},
        {"Transform Type 14 - Group Controller Authentication Method Transform IDs",
         OurRows<GroupControllerAuth>(&ToString)},
        {"IKEv2 Identification Payload ID Types", OurRows<IdType>(&ToString)},
        {"IKEv2 Certificate Encodings", OurRows<CertEncoding>(&ToString)},
        {"IKEv2 Authentication Method", OurRows<AuthMethod>(&ToString)},
        {"IKEv2 Notification IPCOMP Transform IDs (Value 16387)", OurRows<IpcompId>(&ToString)},
        {"IKEv2 Traffic Selector Types", OurRows<TsType>(&ToString)},
        {"IKEv2 Configuration Payload CFG Types", OurRows<CfgType>(&ToString)},
        {"IKEv2 Configuration Payload Attribute Types", OurRows<CfgAttributeType>(&ToString)},
        {"IKEv2 Gateway Identity Types", OurRows<GatewayIdentityType>(&ToString)},
        {"IKEv2 Secure Password Methods", OurRows<SecurePasswordMethod>(&ToString)},
        {"IKEv2 Hash Algorithms", OurRows<HashAlgorithm>(&ToString)},
        {"IKEv2 Post-quantum Preshared Key ID Types", OurRows<PpkIdType>(&ToString)},
        {"Group SA Attributes", OurRows<GroupSaAttribute>(&ToString)},
        {"Group-Wide Policy Attributes", OurRows<GroupPolicyAttribute>(&ToString)},
        {"Group Key Bag Attributes", OurRows<GroupKeyBagAttribute>(&ToString)},
        {"Member Key Bag Attributes", OurRows<MemberKeyBagAttribute>(&ToString)},
        {"EAP Packet Codes", OurRows<EapCode>(&ToString)},
        {"EAP Method Types", OurRows<EapType>(&ToString)}};
    for (const Table& table : tables)
    {
        const auto theirs = TheRegistry().names.find(table.title);
        ASSERT_NE(theirs, TheRegistry().names.end()) << table.title;
        EXPECT_EQ(table.ours, theirs->second) << table.title;
    }
    // The others have a test each: transform types, protocols, ROHC, two of notify types.
    EXPECT_EQ(TheRegistry().names.size(), tables.size() + 5);
}

TEST(IanaNames, OfNotifyTypesAreTheRegistrysErrorsAndStatuses)
{
    Rows theirs = TheRegistry().names.at("IKEv2 Notify Message Error Types");
    theirs.merge(Rows(TheRegistry().names.at("IKEv2 Notify Message Status Types")));
    EXPECT_EQ(OurRows<NotifyType>(&ToString), theirs);
    EXPECT_EQ(OurRows<NotifyType>(&ShortName).size(), theirs.size());
}

TEST(IanaNames, OfTransformTypesAndRohcAttributesAreTheAbbreviations)
{
    EXPECT_EQ(OurRows<TransformType>(&ToString),
              InParentheses(TheRegistry().names.at("Transform Type Values")));
    EXPECT_EQ(OurRows<RohcAttributeType>(&ToString),
              InParentheses(TheRegistry().names.at("ROHC Attribute Types")));
}

TEST(IanaNames, OfPayloadsAreTheNotationsButForNoneAndNonce)
{
    Rows theirs = TheRegistry().notations.at("IKEv2 Payload Types");
    EXPECT_EQ(theirs[40], "Ni, Nr");
    theirs[40] = "No"; // charon's word: the type does not say whose nonce it is
    theirs[0] = "NONE";
    EXPECT_EQ(OurRows<PayloadType>(&ToString), theirs);
}

TEST(IanaNames, OfProtocolsHaveAWordForTheReservedZero)
{
    Rows theirs = TheRegistry().names.at("IKEv2 Security Protocol Identifiers");
    theirs[0] = "NONE";
    EXPECT_EQ(OurRows<ProtocolId>(&ToString), theirs);
}

} // namespace
} // namespace ikelab::wire
