// SPDX-License-Identifier: MIT
#pragma once

#include "base/packet_buffer.h"
#include "base/result.h"
#include "esp/fragment_table.h"
#include "esp/packet_info.h"
#include "esp/replay_window.h"
#include "esp/sa_parameters.h"
#include "esp/selector_set.h"

#include <optional>

namespace ikelab::esp
{

/// An accepted packet.
struct Opened
{
    uint64_t sequence{0};
    bool newest{false}; ///< no later packet was accepted before
    bool dummy{false};  ///< nothing inside: throw it away, RFC 4303 §2.6
    PacketInfo inner;   ///< unset for a dummy
};

/// What the receiving halves of ESP and AH have in common: all that is not cryptography.
class InboundHalf
{
  public:
    EspSpi
    Spi() const
    {
        return m_spi;
    }

    Lifetime&
    GetLifetime()
    {
        return m_lifetime;
    }

    const ReplayWindow&
    Window() const
    {
        return m_window;
    }

    /// Go on as if this number had been received: the counterpart of the sender's AdvanceSequence.
    /// With extended numbers it also says in which 2^32 the SA is, which no packet tells.
    void
    AdvanceWindow(uint64_t sequence)
    {
        if (sequence > m_window.Highest())
        {
            m_window.Record(sequence);
        }
    }

  protected:
    explicit InboundHalf(const SaParameters& parameters);

    /// Authentication has failed so often in a row that the high half of the number, which is not
    /// sent, may be guessed wrong (RFC 4303 appendix A3, RFC 4302 appendix B3).
    bool WantsResynchronisation() const;

    /// Of an authentic packet: the window moves.
    /// @return no later one was accepted before
    bool Record(uint64_t sequence);

    /**
     * Judge what came out of an authentic packet (RFC 4301 §5.2 step 4), and carry the outer
     * header's marks into it.
     * @param packet  the inner packet; what stands behind it goes: in ESP it hides the length (RFC
     * 4303 §2.7)
     * @param nextHeader that announced it
     * @param refused set to what is forbidden, for whoever keeps an audit log
     */
    Result<PacketInfo> Accept(PacketBuffer& packet,
                              uint8_t nextHeader,
                              uint8_t outerTrafficClass,
                              const TrafficSelectors& selectors,
                              const FragmentFollower* fragments,
                              std::optional<PacketInfo>* refused);

    EspSpi m_spi;
    Mode m_mode;
    bool m_esn;
    HeaderCopying m_copying;
    ReplayWindow m_window;
    uint32_t m_failures{0}; ///< in a row, of authentication; with extended numbers
    Lifetime m_lifetime;
};

} // namespace ikelab::esp
