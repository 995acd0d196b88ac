// SPDX-License-Identifier: MIT
#pragma once

#include "ike/event.h"
#include "io/esp_key_row.h"
#include "io/key_tables.h"

#include <array>

/// The SA key log in Wireshark's words. Rows borrow the keys of the event.
namespace ikelab::endpoint
{

io::IkeKeyRow ToKeyRow(const ike::IkeKeysDerived& event);

/**
 * Both directions of a Child SA, what comes in first. With UDP encapsulation the addresses are
 * "any", because a NAT shows every observer others; the SPI is enough.
 */
std::array<io::EspKeyRow, 2> ToKeyRows(const ike::ChildSaInstalled& event);

} // namespace ikelab::endpoint
