// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "wire/cert_payload.h"
#include "wire/cp_payload.h"
#include "wire/eap_payload.h"
#include "wire/header.h"
#include "wire/notify_data.h"
#include "wire/payloads.h"
#include "wire/puzzle_payload.h"
#include "wire/skf_payload.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ikelab::wire
{

struct Payload;

/**
 * Writes a message payload by payload. Next-payload and length fields write themselves.
 *
 *     MessageBuilder builder(header);
 *     builder.Sa(sa);
 *     builder.Ke({method, share});
 *     Buffer message = builder.Finish();
 *
 * With BeginSk the payloads that follow are inside an Encrypted payload (RFC 7296 §3.14), see
 * FinishSk.
 */
class MessageBuilder
{
  public:
    explicit MessageBuilder(const Header& header);

    void Sa(const SaPayload& sa);
    void Ke(const KePayload& ke);
    /// @param type IDI or IDR
    void Id(PayloadType type, const IdPayload& id);
    void Auth(const AuthPayload& auth);
    void Nonce(Bytes nonce);
    void Notify(const NotifyPayload& notify);
    /// A status or error notify without protocol and SPI.
    void Notify(NotifyType type, Bytes data = {});
    /// The same with typed data.
    void NotifyWith(NotifyType type, const NotifyData& data);
    void Delete(const DeletePayload& payload);
    void VendorId(Bytes data);
    /// @param type TSI or TSR
    void Ts(PayloadType type, const TsPayload& ts);
    void Cert(const CertPayload& cert);
    void CertReq(const CertReqPayload& certReq);
    void Cp(const CpPayload& cp);
    void Eap(const EapMessage& eap);
    void PuzzleSolution(const struct PuzzleSolution& solution);
    /// An Encrypted Fragment that is sealed already; it must come last.
    void Skf(const SkfPayload& skf);
    /// Any payload from its body octets.
    void Raw(PayloadType type, bool critical, Bytes body);
    /// A payload as parsing gave it, critical bit included; an SK or SKF payload must come last.
    void Add(const Payload& payload);

    /// Payloads written so far as charon prints them, "[ SA KE No ]"; those inside an SK payload
    /// are listed without a word for SK itself.
    const std::string&
    Summary() const
    {
        return m_summary;
    }

    /// The whole message, lengths patched.
    Buffer Finish();

    /**
     * From here on payloads go into an Encrypted payload whose IV field has `ivOctets` octets
     * (zero; the cipher fills it).
     */
    void BeginSk(size_t ivOctets);

    /**
     * The same for an Encrypted Fragment (RFC 7383 §2.5): `content` is this fragment's piece of the
     * payloads. FinishSk follows.
     */
    void BeginSkf(const SkfHead& head, size_t ivOctets, Bytes content);

    /// A message with an Encrypted payload, ready to be sealed in place.
    struct Unsealed
    {
        Buffer
            octets; ///< header | ... | SK header | IV | plaintext, padding, pad length | ICV space
        size_t headOctets; ///< octets before the IV: the associated data, RFC 5282 §5.1
    };

    /**
     * Pad to a multiple of `blockOctets` (1 for AEADs), add the pad length octet and `icvOctets` of
     * room, patch all lengths.
     */
    Unsealed FinishSk(size_t blockOctets, size_t icvOctets);

  private:
    class PayloadScope;

    /// Link a payload into the chain and write its header up to the length; returns its start.
    size_t OpenPayload(PayloadType type, bool critical);
    /// Add a word to the summary.
    void Note(std::string_view word);

    ByteWriter m_writer;
    size_t m_nextPayloadField; ///< where the type of the next payload goes
    size_t m_skStart{0};
    size_t m_skHeadOctets{0}; ///< octets of the message before the IV
    size_t m_skIvOctets{0};
    std::string m_summary;
};

} // namespace ikelab::wire
