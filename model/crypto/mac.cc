// SPDX-License-Identifier: MIT
#include "crypto/mac.h"

#include "base/assert.h"

#include <openssl/core_names.h>

#include <array>

namespace ikelab::crypto
{

namespace
{

MacCtxPtr
NewOpenssl(const MacLibrary& library, MacKind kind, const char* opensslName)
{
    const bool hmac = kind == MacKind::HMAC;
    MacCtxPtr context(EVP_MAC_CTX_new((hmac ? library.hmac : library.cmac).get()));
    const std::array<OSSL_PARAM, 2> params{
        OSSL_PARAM_construct_utf8_string(hmac ? OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER,
                                         const_cast<char*>(opensslName),
                                         0),
        OSSL_PARAM_construct_end()};
    // A context can be duplicated only once it has had a key.
    constexpr std::array<uint8_t, 16> ANY_KEY{};
    IKELAB_ASSERT(context != nullptr);
    IKELAB_ASSERT(EVP_MAC_init(context.get(), ANY_KEY.data(), ANY_KEY.size(), params.data()) == 1);
    return context;
}

} // namespace

MacLibrary::MacLibrary(OSSL_LIB_CTX* library)
    : hmac(EVP_MAC_fetch(library, "HMAC", nullptr)),
      cmac(EVP_MAC_fetch(library, "CMAC", nullptr)),
      aesEcb(EVP_CIPHER_fetch(library, "AES-128-ECB", nullptr)),
      aesCbc(EVP_CIPHER_fetch(library, "AES-128-CBC", nullptr))
{
    IKELAB_ASSERT(hmac != nullptr && cmac != nullptr && aesEcb != nullptr && aesCbc != nullptr);
}

Mac::Mac(const MacLibrary& library, MacKind kind, const char* opensslName) : m_kind(kind)
{
    if (kind == MacKind::XCBC)
    {
        m_xcbc = std::make_unique<AesXcbc>(library.aesEcb.get(), library.aesCbc.get());
        return;
    }
    m_openssl = NewOpenssl(library, kind, opensslName);
}

Mac::Mac(MacKind kind, MacCtxPtr openssl, std::unique_ptr<AesXcbc> xcbc)
    : m_kind(kind),
      m_openssl(std::move(openssl)),
      m_xcbc(std::move(xcbc))
{
}

Mac
Mac::Duplicate() const
{
    if (m_xcbc)
    {
        return {m_kind, nullptr, std::make_unique<AesXcbc>(m_xcbc->WithoutKey())};
    }
    return {m_kind, MacCtxPtr(EVP_MAC_CTX_dup(m_openssl.get())), nullptr};
}

bool
Mac::SetKey(Bytes key)
{
    if (m_xcbc)
    {
        return m_xcbc->SetKey(key);
    }
    // A null pointer would mean "the key from before", so an empty key needs an address.
    static constexpr uint8_t NO_KEY = 0;
    return m_openssl != nullptr &&
           EVP_MAC_init(m_openssl.get(), key.empty() ? &NO_KEY : key.data(), key.size(), nullptr) ==
               1;
}

bool
Mac::Restart()
{
    if (m_xcbc)
    {
        return m_xcbc->Restart();
    }
    return m_openssl != nullptr && EVP_MAC_init(m_openssl.get(), nullptr, 0, nullptr) == 1;
}

bool
Mac::Update(Bytes part)
{
    if (part.empty())
    {
        return true;
    }
    return m_xcbc ? m_xcbc->Update(part)
                  : EVP_MAC_update(m_openssl.get(), part.data(), part.size()) == 1;
}

bool
Mac::Finish(MutableBytes out)
{
    size_t written = 0;
    return m_xcbc ? m_xcbc->Finish(out)
                  : EVP_MAC_final(m_openssl.get(), out.data(), &written, out.size()) == 1;
}

} // namespace ikelab::crypto
