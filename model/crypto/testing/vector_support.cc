// SPDX-License-Identifier: MIT
#include "crypto/testing/vector_support.h"

#include <algorithm>
#include <fstream>
#include <functional>

namespace ikelab::crypto
{

namespace
{

std::string
VectorPath(const std::string& name)
{
    return std::string(IKELAB_SOURCE_DIR) + "/conformance/vectors/crypto/" + name;
}

std::string
Trimmed(const std::string& text)
{
    const size_t begin = text.find_first_not_of(" \t\r");
    return begin == std::string::npos
               ? ""
               : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// "A = 1, B = 2" or a lone word, which becomes the field STATE.
void
ReadHeader(const std::string& header, Record& group)
{
    size_t begin = 0;
    while (begin < header.size())
    {
        const size_t comma = std::min(header.find(',', begin), header.size());
        const std::string item = header.substr(begin, comma - begin);
        const size_t equals = item.find('=');
        if (equals == std::string::npos)
        {
            group["STATE"] = Trimmed(item);
        }
        else
        {
            group[Trimmed(item.substr(0, equals))] = Trimmed(item.substr(equals + 1));
        }
        begin = comma + 1;
    }
}

} // namespace

unsigned
VectorRun::Skipped() const
{
    unsigned sum = 0;
    for (const auto& [reason, cases] : skipped)
    {
        sum += cases;
    }
    return sum;
}

nlohmann::json
LoadJson(const std::string& name)
{
    std::ifstream file(VectorPath(name));
    EXPECT_TRUE(file.good()) << name;
    return nlohmann::json::parse(file, nullptr, false);
}

std::vector<Record>
LoadRecords(const std::string& name, const std::string& first)
{
    std::ifstream file(VectorPath(name));
    EXPECT_TRUE(file.good()) << name;
    std::vector<Record> records;
    Record group;
    bool inCase = false;
    std::string line;
    while (std::getline(file, line))
    {
        line = Trimmed(line);
        const size_t equals = line.find('=');
        if (line.starts_with('[') && line.ends_with(']'))
        {
            ReadHeader(line.substr(1, line.size() - 2), group);
            inCase = false;
        }
        else if (!line.starts_with('#') && equals != std::string::npos)
        {
            const std::string key = Trimmed(line.substr(0, equals));
            if (key == first)
            {
                records.push_back(group);
                inCase = true;
            }
            (inCase ? records.back() : group)[key] = Trimmed(line.substr(equals + 1));
        }
    }
    return records;
}

Buffer
Octets(const nlohmann::json& test, const char* field)
{
    return Hex(test.at(field).get<std::string>());
}

Buffer
Octets(const Record& record, const char* field)
{
    const auto found = record.find(field);
    if (found == record.end())
    {
        ADD_FAILURE() << "no field " << field;
        return {};
    }
    return Hex(found->second);
}

std::string
Text(const nlohmann::json& test, const char* field)
{
    return test.at(field).get<std::string>();
}

bool
HasFlag(const nlohmann::json& test, const std::string& flag)
{
    const nlohmann::json& flags = test.at("flags");
    return std::any_of(flags.begin(),
                       flags.end(),
                       [&flag](const nlohmann::json& one)
                       { return one.get<std::string>() == flag; });
}

void
ForEachCase(const nlohmann::json& document,
            const std::function<void(const nlohmann::json&, const nlohmann::json&)>& visit)
{
    for (const nlohmann::json& group : document.at("testGroups"))
    {
        for (const nlohmann::json& test : group.at("tests"))
        {
            SCOPED_TRACE("case " + test.at("tcId").dump());
            visit(group, test);
        }
    }
}

} // namespace ikelab::crypto
