// SPDX-License-Identifier: MIT
#include "dissect/packet_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ikelab::dissect
{

namespace
{

std::string
Seconds(Duration time)
{
    constexpr int64_t NANOSECONDS = 1'000'000'000;
    const int64_t count = time.count();
    const auto whole =
        count < 0 ? uint64_t{0} - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
    return fmt::format(
        "{}{}.{:09}", count < 0 ? "-" : "", whole / NANOSECONDS, whole % NANOSECONDS);
}

/// From `start` to `time`; timestamps of a file may lie further apart than can be said.
Duration
Since(Duration time, Duration start)
{
    int64_t difference = 0;
    if (__builtin_sub_overflow(time.count(), start.count(), &difference))
    {
        return time < start ? Duration::min() : Duration::max();
    }
    return Duration{difference};
}

/// What a layer is and, unless it is clear, how far it could be read.
std::string
Words(const Layer& layer)
{
    const bool quiet = layer.protection == Protection::CLEAR;
    std::string words = layer.summary;
    if (!quiet)
    {
        words += fmt::format(" ({}{}{})",
                             ToString(layer.protection),
                             layer.problem.empty() ? "" : ": ",
                             layer.problem);
    }
    return words;
}

wire::FieldGroup
FieldsOf(const Layer& layer)
{
    wire::FieldGroup group{
        {{"layer", layer.name}, {"protection", std::string(ToString(layer.protection))}}};
    if (!layer.summary.empty())
    {
        group.fields.push_back({"summary", layer.summary});
    }
    if (!layer.problem.empty())
    {
        group.fields.push_back({"problem", layer.problem});
    }
    std::ranges::copy(layer.fields.fields, std::back_inserter(group.fields));
    return group;
}

} // namespace

void
Layer::Degrade(std::string why)
{
    if (protection < Protection::MALFORMED)
    {
        protection = Protection::MALFORMED;
        problem = std::move(why);
    }
}

Protection
PacketView::Worst() const
{
    Protection worst = Protection::CLEAR;
    for (const Layer& layer : layers)
    {
        worst = std::max(worst, layer.protection);
    }
    return worst;
}

bool
PacketView::Has(std::string_view layer) const
{
    return std::ranges::find(layers, layer, &Layer::name) != layers.end();
}

std::string
ToLine(const PacketView& packet, Duration start)
{
    std::string line =
        fmt::format("{:>5}  {:>14}", packet.number, Seconds(Since(packet.sinceEpoch, start)));
    if (!packet.interface.empty())
    {
        line += "  " + packet.interface;
    }
    for (const Layer& layer : packet.layers)
    {
        line += "  " + Words(layer);
    }
    return line;
}

std::string
ToText(const PacketView& packet, Duration start)
{
    std::string text = ToLine(packet, start) + "\n";
    for (const std::string& comment : packet.comments)
    {
        text += "  comment: " + comment + "\n";
    }
    for (const Layer& layer : packet.layers)
    {
        wire::AppendText(text, layer.name, layer.fields, 2);
    }
    return text;
}

std::string
ToJson(const PacketView& packet)
{
    wire::FieldGroup group{{{"packet", uint64_t{packet.number}},
                            {"time", Seconds(packet.sinceEpoch)},
                            {"interface", packet.interface}}};
    wire::FieldList comments;
    for (const std::string& comment : packet.comments)
    {
        comments.items.push_back({"comment", comment});
    }
    wire::FieldList layers;
    for (const Layer& layer : packet.layers)
    {
        layers.items.push_back({"layer", FieldsOf(layer)});
    }
    group.fields.push_back({"comments", std::move(comments)});
    group.fields.push_back({"protection", std::string(ToString(packet.Worst()))});
    group.fields.push_back({"layers", std::move(layers)});
    return wire::ToJson(group);
}

} // namespace ikelab::dissect
