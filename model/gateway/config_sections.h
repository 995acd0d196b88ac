// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config_object.h"

#include <memory>

/// The readers of the document's sections; each puts what is wrong into the slot.
namespace ikelab::gateway
{

extern const ObjectRule CONNECTION; ///< connections.<name>
extern const ObjectRule CHILD;      ///< connections.<conn>.children.<name>

/// connections.<name>
std::shared_ptr<const ike::ConnectionConfig> ReadConnection(const std::string& name,
                                                            const Json& json,
                                                            const std::string& pointer,
                                                            ErrorSlot& error);

/**
 * connections.<conn>.children.<name>
 * @param connection what "dynamic" selectors look at
 */
ike::ChildConfig ReadChild(const std::string& name,
                           const Json& json,
                           const std::string& pointer,
                           const ike::ConnectionConfig& connection,
                           ErrorSlot& error);

/// An identity; %any is nothing.
std::optional<ike::Identity> ReadIdentity(const ListItem& item, ErrorSlot& error);

/// A list of selectors; the pointers of their items are parallel to them.
Selectors ReadSelectors(const std::vector<ListItem>& items,
                        const std::optional<IpAddress>& dynamic,
                        ErrorSlot& error);

} // namespace ikelab::gateway
