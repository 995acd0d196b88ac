// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/instant.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "io/system_error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ikelab::io
{

/// One interface of a capture; pcap files have exactly one, without a name.
struct CaptureInterface
{
    std::string name;
    std::string description;
    /// libpcap's LINKTYPE_* number, as it stands in the file.
    uint16_t linkType{0};
    /// Nanoseconds that one unit of a timestamp counts, as a fraction.
    uint64_t unitNumerator{1000};
    uint64_t unitDenominator{1};
    /// Added to every timestamp of this interface.
    int64_t offsetSeconds{0};
};

/// One packet of a capture. `data` borrows from the octets that were read.
struct CapturePacket
{
    /// Index into Capture::interfaces.
    uint32_t interface {
        0
    };
    Duration sinceEpoch{0};
    Bytes data;
    /// Octets on the wire; more than data holds if a snapshot length cut it.
    uint32_t originalOctets{0};
    /// epb_flags bits 0-1: 0 unknown, 1 in, 2 out.
    uint8_t direction{0};
    std::optional<uint64_t> packetId;
    std::vector<std::string> comments;
};

/// A secrets block as it stands in the file; `data` borrows.
struct CaptureSecrets
{
    uint32_t type{0};
    Bytes data;
};

/**
 * What a pcap or pcapng file holds. Interfaces of several sections are numbered through.
 */
struct Capture
{
    std::vector<std::string> comments;
    std::vector<CaptureInterface> interfaces;
    std::vector<CapturePacket> packets;
    std::vector<CaptureSecrets> secrets;
    std::vector<std::pair<IpAddress, std::string>> names;
    /// Why reading ended before the end of the octets: a run that was killed leaves half a block,
    /// and what came before it is still good.
    std::optional<Error> cutShort;
};

/**
 * Read pcap (micro- and nanoseconds) or pcapng in either byte order.
 * @param file all octets of the file; they must outlive the result
 * @return Fault::BAD_VALUE if the octets are neither format, Fault::TRUNCATED if not even the head
 *         is there
 */
Result<Capture> ParseCapture(Bytes file);

/// A capture together with the octets that it borrows from.
struct CaptureFile
{
    Buffer octets;
    Capture capture;
};

/// Read a capture file.
SystemResult<CaptureFile> ReadCaptureFile(const std::string& path);

} // namespace ikelab::io
