// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/algorithms.h"
#include "crypto/constructions/aes_xcbc.h"
#include "crypto/openssl_types.h"

#include <memory>

/**
 * Internal to this room: what PRFs and integrity algorithms compute with.
 */
namespace ikelab::crypto
{

/// The MACs of one library context, fetched once.
struct MacLibrary
{
    MacPtr hmac;
    MacPtr cmac;
    CipherPtr aesEcb;
    CipherPtr aesCbc;

    explicit MacLibrary(OSSL_LIB_CTX* library);
};

/**
 * One MAC computation after another. HMAC and CMAC are OpenSSL's; XCBC-MAC is composed here. False
 * always means that OpenSSL refused, a key of a wrong size included.
 */
class Mac
{
  public:
    /// Not usable until it gets a key. The library must outlive it.
    Mac(const MacLibrary& library, MacKind kind, const char* opensslName);

    /// Another one of the same algorithm, to be keyed anew; faster than making one by name.
    Mac Duplicate() const;

    MacKind
    Kind() const
    {
        return m_kind;
    }

    /// Take a key and begin a message.
    bool SetKey(Bytes key);
    /// Begin a message under the key from before.
    bool Restart();
    bool Update(Bytes part);
    /// The whole MAC into the front of `out`, which must have room for it.
    bool Finish(MutableBytes out);

  private:
    Mac(MacKind kind, MacCtxPtr openssl, std::unique_ptr<AesXcbc> xcbc);

    MacKind m_kind;
    MacCtxPtr m_openssl;             ///< HMAC and CMAC
    std::unique_ptr<AesXcbc> m_xcbc; ///< XCBC; apart, because most SAs have none
};

} // namespace ikelab::crypto
