// SPDX-License-Identifier: MIT
#include "crypto/group_keys.h"

#include "base/bytes.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <array>

namespace ikelab::crypto
{

namespace
{

using GroupPtr = std::unique_ptr<EC_GROUP, OpensslDeleter<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpensslDeleter<EC_POINT_free>>;
using ParamBldPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslDeleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslDeleter<OSSL_PARAM_free>>;

bool
HasName(const KeRow& row)
{
    return row.opensslName[0] != '\0';
}

/// What a key is made of. Pointers that are not null must outlive the making: a builder keeps them.
struct Numbers
{
    const BIGNUM* privateNumber{nullptr};
    const BIGNUM* publicNumber{nullptr};
    Bytes encodedPublic{};
};

bool
PushGroup(OSSL_PARAM_BLD* builder, const KeRow& row, const BIGNUM* prime, const BIGNUM* generator)
{
    if (HasName(row))
    {
        return OSSL_PARAM_BLD_push_utf8_string(
                   builder, OSSL_PKEY_PARAM_GROUP_NAME, row.opensslName, 0) == 1;
    }
    return OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, prime) == 1 &&
           OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, generator) == 1;
}

/// A key from its numbers, only the group's parameters without any; nullptr if OpenSSL refuses.
PkeyPtr
FromNumbers(OSSL_LIB_CTX* library, const KeRow& row, const Numbers& numbers)
{
    // RFC 2409 §6.2: OpenSSL has this prime, but no name for its group.
    const BnPtr prime(HasName(row) ? nullptr : BN_get_rfc2409_prime_1024(nullptr));
    const BnPtr generator(BN_new());
    const ParamBldPtr builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr || generator == nullptr || BN_set_word(generator.get(), 2) != 1 ||
        !PushGroup(builder.get(), row, prime.get(), generator.get()))
    {
        return nullptr;
    }
    if (numbers.privateNumber != nullptr &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, numbers.privateNumber) != 1)
    {
        return nullptr;
    }
    if (!numbers.encodedPublic.empty() &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(),
                                         OSSL_PKEY_PARAM_PUB_KEY,
                                         numbers.encodedPublic.data(),
                                         numbers.encodedPublic.size()) != 1)
    {
        return nullptr;
    }
    if (numbers.publicNumber != nullptr &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, numbers.publicNumber) != 1)
    {
        return nullptr;
    }
    const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
    const PkeyCtxPtr maker(
        EVP_PKEY_CTX_new_from_name(library, row.kind == KeKind::ECP ? "EC" : "DH", nullptr));
    EVP_PKEY* key = nullptr;
    const int selection =
        numbers.privateNumber != nullptr ? EVP_PKEY_KEYPAIR : int{EVP_PKEY_KEY_PARAMETERS};
    if (params == nullptr || maker == nullptr || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, selection, params.get()) != 1)
    {
        return nullptr;
    }
    return PkeyPtr(key);
}

GroupPtr
CurveOf(OSSL_LIB_CTX* library, const KeRow& row)
{
    const std::array<OSSL_PARAM, 2> params{
        OSSL_PARAM_construct_utf8_string(
            OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(row.opensslName), 0),
        OSSL_PARAM_construct_end()};
    return GroupPtr(EC_GROUP_new_from_params(params.data(), library, nullptr));
}

PkeyPtr
EcpFromNumber(OSSL_LIB_CTX* library, const KeRow& row, const BIGNUM* scalar)
{
    const GroupPtr group = CurveOf(library, row);
    if (group == nullptr || BN_is_zero(scalar) ||
        BN_cmp(scalar, EC_GROUP_get0_order(group.get())) >= 0)
    {
        return nullptr;
    }
    const PointPtr point(EC_POINT_new(group.get()));
    const BnCtxPtr numbers(BN_CTX_secure_new_ex(library));
    std::array<uint8_t, MAX_PUBLIC_OCTETS + 1> encoded;
    if (point == nullptr || numbers == nullptr ||
        EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, numbers.get()) != 1)
    {
        return nullptr;
    }
    const size_t octets = EC_POINT_point2oct(group.get(),
                                             point.get(),
                                             POINT_CONVERSION_UNCOMPRESSED,
                                             encoded.data(),
                                             encoded.size(),
                                             numbers.get());
    if (octets == 0)
    {
        return nullptr;
    }
    return FromNumbers(library, row, {scalar, nullptr, Bytes(encoded.data(), octets)});
}

/// One of the numbers of a MODP group; nullptr if OpenSSL refuses.
BnPtr
GroupNumber(const EVP_PKEY* group, const char* name)
{
    BIGNUM* number = nullptr;
    return BnPtr(EVP_PKEY_get_bn_param(group, name, &number) == 1 ? number : nullptr);
}

PkeyPtr
ModpFromNumber(OSSL_LIB_CTX* library, const KeRow& row, BIGNUM* exponent)
{
    const PkeyPtr group = FromNumbers(library, row, {});
    if (group == nullptr)
    {
        return nullptr;
    }
    const BnPtr prime = GroupNumber(group.get(), OSSL_PKEY_PARAM_FFC_P);
    const BnPtr generator = GroupNumber(group.get(), OSSL_PKEY_PARAM_FFC_G);
    const BnPtr value(BN_new());
    const BnCtxPtr numbers(BN_CTX_secure_new_ex(library));
    BN_set_flags(exponent, BN_FLG_CONSTTIME);
    if (prime == nullptr || generator == nullptr || value == nullptr || numbers == nullptr ||
        BN_is_zero(exponent) ||
        BN_mod_exp(value.get(), generator.get(), exponent, prime.get(), numbers.get()) != 1)
    {
        return nullptr;
    }
    return FromNumbers(library, row, {exponent, value.get(), {}});
}

} // namespace

PkeyCtxPtr
NewKeygen(OSSL_LIB_CTX* library, const KeRow& row)
{
    PkeyCtxPtr made;
    if (!HasName(row))
    {
        const PkeyPtr group = FromNumbers(library, row, {});
        made.reset(group == nullptr ? nullptr
                                    : EVP_PKEY_CTX_new_from_pkey(library, group.get(), nullptr));
    }
    else
    {
        const char* type = row.kind == KeKind::MODP  ? "DH"
                           : row.kind == KeKind::ECP ? "EC"
                                                     : row.opensslName;
        made.reset(EVP_PKEY_CTX_new_from_name(library, type, nullptr));
    }
    if (made == nullptr || EVP_PKEY_keygen_init(made.get()) != 1)
    {
        return nullptr;
    }
    if (HasName(row) && row.kind != KeKind::MONTGOMERY &&
        EVP_PKEY_CTX_set_group_name(made.get(), row.opensslName) != 1)
    {
        return nullptr;
    }
    return made;
}

PkeyPtr
KeyFromNumber(OSSL_LIB_CTX* library, const KeRow& row, BIGNUM* privateNumber)
{
    return row.kind == KeKind::ECP ? EcpFromNumber(library, row, privateNumber)
                                   : ModpFromNumber(library, row, privateNumber);
}

} // namespace ikelab::crypto
