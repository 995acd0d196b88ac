// SPDX-License-Identifier: MIT
#include "wire/cert_payload.h"

#include "base/assert.h"
#include "base/byte_reader.h"

#include <algorithm>

namespace ikelab::wire
{

std::vector<Bytes>
CertReqPayload::Hashes() const
{
    std::vector<Bytes> hashes;
    if (HasAuthorityHashes(encoding))
    {
        hashes.reserve(authority.size() / CERT_HASH_OCTETS);
        ByteReader reader(authority);
        Bytes hash;
        while (reader.Take(CERT_HASH_OCTETS, hash))
        {
            hashes.push_back(hash);
        }
    }
    return hashes;
}

bool
IsHashAndUrl(CertEncoding encoding)
{
    return encoding == CertEncoding::HASH_AND_URL_OF_X509_CERTIFICATE ||
           encoding == CertEncoding::HASH_AND_URL_OF_X509_BUNDLE;
}

bool
HasAuthorityHashes(CertEncoding encoding)
{
    return IsHashAndUrl(encoding) || encoding == CertEncoding::X509_CERTIFICATE_SIGNATURE ||
           encoding == CertEncoding::OCSP_CONTENT;
}

Result<CertPayload>
ParseCert(Bytes body)
{
    ByteReader reader(body);
    uint8_t encoding;
    if (!reader.U8(encoding))
    {
        return Fail(Fault::TRUNCATED, "CERT");
    }
    const CertPayload cert{CertEncoding{encoding}, reader.Rest()};
    if (IsHashAndUrl(cert.encoding))
    {
        auto hashAndUrl = ParseHashAndUrl(cert.data);
        if (!hashAndUrl)
        {
            return Fail(
                hashAndUrl.error().fault, hashAndUrl.error().what, hashAndUrl.error().offset + 1);
        }
    }
    return cert;
}

void
WriteCert(ByteWriter& writer, const CertPayload& cert)
{
    writer.U8(static_cast<uint8_t>(cert.encoding));
    writer.Octets(cert.data);
}

Result<HashAndUrl>
ParseHashAndUrl(Bytes data)
{
    ByteReader reader(data);
    HashAndUrl hashAndUrl;
    if (!reader.Take(CERT_HASH_OCTETS, hashAndUrl.hash) || reader.AtEnd())
    {
        return Fail(Fault::TRUNCATED, "CERT hash and URL", reader.Offset());
    }
    const size_t start = reader.Offset();
    const Bytes url = reader.Rest();
    const auto isGood = [](uint8_t octet)
    {
        return octet > 0x20 && octet < 0x7f;
    };
    if (!std::ranges::all_of(url, isGood))
    {
        return Fail(Fault::BAD_VALUE, "CERT URL", start);
    }
    hashAndUrl.url.assign(url.begin(), url.end());
    return hashAndUrl;
}

void
WriteHashAndUrl(ByteWriter& writer, const HashAndUrl& hashAndUrl)
{
    IKELAB_ASSERT(hashAndUrl.hash.size() == CERT_HASH_OCTETS && !hashAndUrl.url.empty());
    writer.Octets(hashAndUrl.hash);
    writer.Octets({reinterpret_cast<const uint8_t*>(hashAndUrl.url.data()), hashAndUrl.url.size()});
}

Result<CertReqPayload>
ParseCertReq(Bytes body)
{
    ByteReader reader(body);
    uint8_t encoding;
    if (!reader.U8(encoding))
    {
        return Fail(Fault::TRUNCATED, "CERTREQ");
    }
    const CertReqPayload certReq{CertEncoding{encoding}, reader.Rest()};
    if ((HasAuthorityHashes(certReq.encoding) &&
         certReq.authority.size() % CERT_HASH_OCTETS != 0) ||
        (certReq.encoding == CertEncoding::RAW_PUBLIC_KEY && !certReq.authority.empty()))
    {
        return Fail(Fault::BAD_VALUE, "CERTREQ authority", 1);
    }
    return certReq;
}

void
WriteCertReq(ByteWriter& writer, const CertReqPayload& certReq)
{
    writer.U8(static_cast<uint8_t>(certReq.encoding));
    writer.Octets(certReq.authority);
}

} // namespace ikelab::wire
