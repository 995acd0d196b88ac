// SPDX-License-Identifier: MIT
#include "ike/services.h"

#include "wire/esp_header.h"

namespace ikelab::ike
{

EspSpi
Services::ReserveEspSpi()
{
    while (true)
    {
        const EspSpi spi{random.U32()};
        if (spi.value >= wire::FIRST_ESP_SPI && m_usedSpis.insert(spi).second)
        {
            return spi;
        }
    }
}

void
Services::ReleaseEspSpi(EspSpi spi)
{
    m_usedSpis.erase(spi);
}

ChildSaId
Services::NewChildSaId()
{
    return ChildSaId{++m_lastChild};
}

Buffer
Services::NewNonce()
{
    Buffer nonce(config.nonceOctets);
    random.Fill(nonce);
    return nonce;
}

} // namespace ikelab::ike
