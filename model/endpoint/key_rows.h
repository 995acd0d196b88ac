// SPDX-License-Identifier: MIT
#pragma once

#include "ike/event.h"
#include "io/esp_key_row.h"
#include "io/key_tables.h"

#include <vector>

/// The SA key log in Wireshark's words. Rows borrow the keys of the event.
namespace ikelab::endpoint
{

io::IkeKeyRow ToKeyRow(const ike::IkeKeysDerived& event);

/**
 * Both directions of a Child SA, what comes in first; none with AH, which hides nothing. With UDP
 * encapsulation the addresses are "any", because a NAT shows every observer others; the SPI is
 * enough.
 */
std::vector<io::EspKeyRow> ToKeyRows(const ike::ChildSaInstalled& event);

} // namespace ikelab::endpoint
