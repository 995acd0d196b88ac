// SPDX-License-Identifier: MIT
#include "endpoint/key_rows.h"

namespace ikelab::endpoint
{

io::IkeKeyRow
ToKeyRow(const ike::IkeKeysDerived& event)
{
    io::IkeKeyRow row;
    row.spiI = event.spis.initiator.value;
    row.spiR = event.spis.responder.value;
    row.skEi = event.ei.View();
    row.skEr = event.er.View();
    row.skAi = event.ai.View();
    row.skAr = event.ar.View();
    row.encryptionName = event.suite.encr->wiresharkIke;
    row.ownEncryptionName = event.suite.encr->name;
    if (event.suite.integ != nullptr)
    {
        row.integrityName = event.suite.integ->wiresharkIke;
        row.ownIntegrityName = event.suite.integ->name;
    }
    return row;
}

std::vector<io::EspKeyRow>
ToKeyRows(const ike::ChildSaInstalled& event)
{
    if (event.suite.Protocol() == wire::ProtocolId::AH)
    {
        return {};
    }
    io::EspKeyRow in;
    in.v6 = event.path.local.address.IsV6();
    in.encryptionName = event.suite.encr->wiresharkEsp;
    in.ownEncryptionName = event.suite.encr->name;
    if (event.suite.integ != nullptr)
    {
        in.integrityName = event.suite.integ->wiresharkEsp;
        in.ownIntegrityName = event.suite.integ->name;
    }
    in.extendedSequence = event.suite.esn;
    io::EspKeyRow out = in;

    in.spi = event.inboundSpi.value;
    in.encryptionKey = event.inboundEncr.View();
    in.integrityKey = event.inboundInteg.View();
    out.spi = event.outboundSpi.value;
    out.encryptionKey = event.outboundEncr.View();
    out.integrityKey = event.outboundInteg.View();
    if (!event.udpEncapsulation)
    {
        in.source = event.path.remote.address.ToString();
        in.destination = event.path.local.address.ToString();
        out.source = in.destination;
        out.destination = in.source;
    }
    return {in, out};
}

} // namespace ikelab::endpoint
