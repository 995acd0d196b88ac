// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "dissect/opening.h"
#include "wire/fields.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ikelab::dissect
{

/// One protocol of a packet, from the outermost inwards: IP, IKE, IKEv1, ESP, AH, what ESP held ...
struct Layer
{
    std::string name; ///< "ip", "fragment", "ike", "ikev1", "esp", "ah", "keepalive", "other"
    Protection protection{Protection::CLEAR};
    std::string problem; ///< what keeps one from reading it, or why not to believe it
    std::string summary; ///< a few words: "IKE_AUTH request 1 [ IDi ... ]"
    wire::FieldGroup fields;

    /// It breaks its format; an ICV that is wrong stays wrong, whatever its text looks like.
    void Degrade(std::string why);
};

/// What a packet of a capture is, as far as the keys let one look.
struct PacketView
{
    size_t number{0}; ///< in the file, from 1
    Duration sinceEpoch{0};
    std::string interface;
    std::vector<std::string> comments;
    std::vector<Layer> layers;

    /// The worst of all layers.
    Protection Worst() const;
    bool Has(std::string_view layer) const;
};

/// One line: number, time since `start`, and the layers' summaries with what is wrong with them.
std::string ToLine(const PacketView& packet, Duration start);
/// The line, and below it every field.
std::string ToText(const PacketView& packet, Duration start);
/// One JSON object on one line: packet, time (seconds since 1970, text), interface, comments,
/// protection (of the worst layer) and layers, each with its own protection, summary, problem and
/// fields.
std::string ToJson(const PacketView& packet);

} // namespace ikelab::dissect
