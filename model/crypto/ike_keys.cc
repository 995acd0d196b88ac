// SPDX-License-Identifier: MIT
#include "crypto/ike_keys.h"

#include "base/assert.h"
#include "crypto/prf.h"

#include <algorithm>
#include <array>

namespace ikelab::crypto
{

namespace
{

/// Cuts keys off the front of a prf+ stream, in the order of their derivation.
class KeyCutter
{
  public:
    explicit KeyCutter(Bytes stream) : m_left(stream)
    {
    }

    SecretBytes
    Next(size_t octets)
    {
        IKELAB_ASSERT(octets <= m_left.size());
        SecretBytes key(m_left.first(octets));
        m_left = m_left.subspan(octets);
        return key;
    }

  private:
    Bytes m_left;
};

std::array<uint8_t, 8>
Octets(IkeSpi spi)
{
    std::array<uint8_t, 8> octets;
    for (size_t i = 0; i < octets.size(); i++)
    {
        octets[i] = static_cast<uint8_t>(spi.value >> (56 - 8 * i));
    }
    return octets;
}

} // namespace

IkeKeys
IkeKeys::Copy() const
{
    return {d.Copy(), ai.Copy(), ar.Copy(), ei.Copy(), er.Copy(), pi.Copy(), pr.Copy()};
}

Result<SecretBytes>
DeriveSkeyseed(Context& context, const PrfRow& prf, const Nonces& nonces, Bytes sharedSecret)
{
    // RFC 7296 §2.14: the nonces are the key; the PRFs of AES take the first octets of each only.
    const auto part = [&prf](Bytes nonce)
    {
        return prf.nonceOctets == 0 ? nonce
                                    : nonce.first(std::min<size_t>(prf.nonceOctets, nonce.size()));
    };
    const Bytes ofInitiator = part(nonces.initiator);
    const Bytes ofResponder = part(nonces.responder);
    SecretBytes key(ofInitiator.size() + ofResponder.size());
    std::ranges::copy(ofInitiator, key.Writable().begin());
    std::ranges::copy(ofResponder, key.Writable().subspan(ofInitiator.size()).begin());
    return ComputePrf(context, prf, key.View(), {sharedSecret});
}

Result<SecretBytes>
DeriveRekeySkeyseed(Context& context,
                    const PrfRow& oldPrf,
                    Bytes oldSkD,
                    Bytes sharedSecret,
                    const Nonces& nonces)
{
    // RFC 7296 §2.18: the prf of the old SA, even if the new one negotiated another.
    return ComputePrf(context, oldPrf, oldSkD, {sharedSecret, nonces.initiator, nonces.responder});
}

Result<IkeKeys>
DeriveIkeKeys(Context& context,
              const IkeSuite& suite,
              Bytes skeyseed,
              const Nonces& nonces,
              const IkeSpis& spis)
{
    IKELAB_ASSERT(suite.encr != nullptr && suite.prf != nullptr);
    const size_t prfOctets = suite.prf->keyOctets;
    const size_t integOctets = suite.integ != nullptr ? suite.integ->keyOctets : 0;
    const size_t encrOctets = suite.encr->MaterialOctets();
    const std::array<uint8_t, 8> spiI = Octets(spis.initiator);
    const std::array<uint8_t, 8> spiR = Octets(spis.responder);
    TRY_ASSIGN(const SecretBytes stream,
               ComputePrfPlus(context,
                              *suite.prf,
                              skeyseed,
                              {nonces.initiator, nonces.responder, spiI, spiR},
                              3 * prfOctets + 2 * integOctets + 2 * encrOctets));
    KeyCutter cutter(stream.View());
    IkeKeys keys;
    keys.d = cutter.Next(prfOctets);
    keys.ai = cutter.Next(integOctets);
    keys.ar = cutter.Next(integOctets);
    keys.ei = cutter.Next(encrOctets);
    keys.er = cutter.Next(encrOctets);
    keys.pi = cutter.Next(prfOctets);
    keys.pr = cutter.Next(prfOctets);
    return keys;
}

Result<ChildKeys>
DeriveChildKeys(Context& context,
                const PrfRow& prf,
                const EspSuite& suite,
                Bytes skD,
                Bytes sharedSecret,
                const Nonces& nonces)
{
    IKELAB_ASSERT(suite.encr != nullptr || suite.integ != nullptr);
    const size_t integOctets = suite.integ != nullptr ? suite.integ->keyOctets : 0;
    const size_t encrOctets =
        suite.encr != nullptr ? suite.encr->MaterialOctets() : 0; // none in AH
    TRY_ASSIGN(const SecretBytes stream,
               ComputePrfPlus(context,
                              prf,
                              skD,
                              {sharedSecret, nonces.initiator, nonces.responder},
                              2 * (encrOctets + integOctets)));
    KeyCutter cutter(stream.View());
    ChildKeys keys;
    keys.initiatorEncr = cutter.Next(encrOctets);
    keys.initiatorInteg = cutter.Next(integOctets);
    keys.responderEncr = cutter.Next(encrOctets);
    keys.responderInteg = cutter.Next(integOctets);
    return keys;
}

Result<Buffer>
SignedOctets(Context& context,
             const PrfRow& prf,
             Bytes firstMessage,
             Bytes otherNonce,
             Bytes skP,
             Bytes idBody)
{
    TRY_ASSIGN(const SecretBytes macedId, ComputePrf(context, prf, skP, {idBody}));
    Buffer octets;
    octets.reserve(firstMessage.size() + otherNonce.size() + macedId.Size());
    Append(octets, firstMessage);
    Append(octets, otherNonce);
    Append(octets, macedId.View());
    return octets;
}

Result<SecretBytes>
SharedKeyAuth(Context& context, const PrfRow& prf, Bytes sharedKey, Bytes signedOctets)
{
    // RFC 7296 §2.15: the pad ties the inner key to IKEv2, so that a store may keep that instead.
    static constexpr std::string_view KEY_PAD = "Key Pad for IKEv2";
    const Bytes pad(reinterpret_cast<const uint8_t*>(KEY_PAD.data()), KEY_PAD.size());
    TRY_ASSIGN(const SecretBytes inner, ComputePrf(context, prf, sharedKey, {pad}));
    return ComputePrf(context, prf, inner.View(), {signedOctets});
}

} // namespace ikelab::crypto
