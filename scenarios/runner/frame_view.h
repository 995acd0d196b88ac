// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "esp/packet_info.h"
#include "wire/esp_header.h"
#include "wire/header.h"

#include <optional>

namespace ikelab::runner
{

/// What a frame on a link is, from its IP header on.
struct FrameView
{
    esp::PacketInfo packet;
    std::optional<wire::Header> ike;
    std::optional<wire::EspHeader> esp; ///< SPI and sequence number of ESP or AH
    bool ah{false};                     ///< it is AH, or a later fragment of such a packet
    Bytes espBody;                      ///< behind the sequence number; borrowed
    bool keepAlive{false};

    /// Neither IKE nor ESP or AH nor a NAT keep-alive, nor a later fragment, which tells nothing.
    bool
    IsClear() const
    {
        return !ike && !esp && !keepAlive && !packet.laterFragment;
    }
};

/// Nothing if it is no IP packet.
std::optional<FrameView> ViewFrame(Bytes frame);

} // namespace ikelab::runner
