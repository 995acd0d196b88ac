// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"
#include "wire/iana_contents.h"

#include <cstddef>
#include <string>
#include <vector>

/// CERT and CERTREQ payloads (RFC 7296 §3.6, §3.7), read from the body of a RawPayload on demand.
namespace ikelab::wire
{

/// Octets of the SHA-1 hashes in CERTREQ and in front of a URL.
inline constexpr size_t CERT_HASH_OCTETS = 20;

/// RFC 7296 §3.6. What `data` is depends on the encoding: DER of a certificate or CRL, a hash and a
/// URL (see ParseHashAndUrl), an OCSP response (RFC 4806 §3.2), a SubjectPublicKeyInfo (RFC 7670).
struct CertPayload
{
    CertEncoding encoding{CertEncoding::X509_CERTIFICATE_SIGNATURE};
    Bytes data;
};

/// What the encodings 12 and 13 hold in place of the certificate or bundle.
struct HashAndUrl
{
    Bytes hash; ///< SHA-1 of what the URL leads to
    std::string url;
};

/// RFC 7296 §3.7; for encodings 4, 12, 13 and 14 (RFC 4806) `authority` is a list of hashes.
struct CertReqPayload
{
    CertEncoding encoding{CertEncoding::X509_CERTIFICATE_SIGNATURE};
    Bytes authority;

    /// The hashes of public keys, if the encoding has such a list; empty else.
    std::vector<Bytes> Hashes() const;
};

/// True for the encodings 12 and 13.
bool IsHashAndUrl(CertEncoding encoding);
/// True if a CERTREQ of this encoding holds a list of hashes.
bool HasAuthorityHashes(CertEncoding encoding);

/// TRUNCATED without an encoding; what ParseHashAndUrl says for encodings 12 and 13.
Result<CertPayload> ParseCert(Bytes body);
void WriteCert(ByteWriter& writer, const CertPayload& cert);

/// Split the data of encodings 12 and 13: 20 octets and a URL of at least one octet, without blanks
/// and control characters.
Result<HashAndUrl> ParseHashAndUrl(Bytes data);
void WriteHashAndUrl(ByteWriter& writer, const HashAndUrl& hashAndUrl);

/// BAD_VALUE if a list of hashes does not consist of whole ones, or if a request for raw public
/// keys names an authority (RFC 7670 §3).
Result<CertReqPayload> ParseCertReq(Bytes body);
void WriteCertReq(ByteWriter& writer, const CertReqPayload& certReq);

} // namespace ikelab::wire
