// SPDX-License-Identifier: MIT
#include "crypto/random_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <new>

namespace ikelab::crypto
{

namespace
{

/// As strong as any algorithm may ask for: the source's quality is the caller's decision.
constexpr unsigned STRENGTH_BITS = 256;
/// Octets per call; OpenSSL cuts larger requests.
constexpr size_t MAX_REQUEST_OCTETS = size_t{1} << 16;

/// OpenSSL makes a primary, a public and a private instance (the last two per thread). All of them
/// draw from the slot, so there is no state to seed and no parent to ask.
struct Instance
{
    RandomSlot* slot;
    int state;
};

void*
NewInstance(void* providerContext, void* /*parent*/, const OSSL_DISPATCH* /*parentCalls*/)
{
    return new (std::nothrow)
        Instance{static_cast<RandomSlot*>(providerContext), EVP_RAND_STATE_UNINITIALISED};
}

void
FreeInstance(void* instance)
{
    delete static_cast<Instance*>(instance);
}

int
Instantiate(void* instance,
            unsigned int /*strength*/,
            int /*predictionResistance*/,
            const unsigned char* /*personalisation*/,
            size_t /*personalisationOctets*/,
            const OSSL_PARAM* /*params*/)
{
    static_cast<Instance*>(instance)->state = EVP_RAND_STATE_READY;
    return 1;
}

int
Uninstantiate(void* instance)
{
    static_cast<Instance*>(instance)->state = EVP_RAND_STATE_UNINITIALISED;
    return 1;
}

int
Generate(void* instance,
         unsigned char* out,
         size_t octets,
         unsigned int strength,
         int /*predictionResistance*/,
         const unsigned char* /*additional*/,
         size_t /*additionalOctets*/)
{
    RandomSource* source = static_cast<Instance*>(instance)->slot->source;
    if (source == nullptr || strength > STRENGTH_BITS)
    {
        return 0; // outside of every RandomScope: refuse rather than invent
    }
    source->Fill({out, octets});
    return 1;
}

int
Reseed(void* /*instance*/,
       int /*predictionResistance*/,
       const unsigned char* /*entropy*/,
       size_t /*entropyOctets*/,
       const unsigned char* /*additional*/,
       size_t /*additionalOctets*/)
{
    return 1;
}

int
EnableLocking(void* /*instance*/)
{
    return 1;
}

int
Lock(void* /*instance*/)
{
    return 1;
}

void
Unlock(void* /*instance*/)
{
}

const OSSL_PARAM*
GettableParams(void* /*instance*/, void* /*providerContext*/)
{
    static const OSSL_PARAM PARAMS[] = {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, nullptr),
                                        OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, nullptr),
                                        OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, nullptr),
                                        OSSL_PARAM_END};
    return PARAMS;
}

int
GetParams(void* instance, OSSL_PARAM params[])
{
    OSSL_PARAM* param = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
    if (param != nullptr && !OSSL_PARAM_set_int(param, static_cast<Instance*>(instance)->state))
    {
        return 0;
    }
    param = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
    if (param != nullptr && !OSSL_PARAM_set_uint(param, STRENGTH_BITS))
    {
        return 0;
    }
    param = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
    if (param != nullptr && !OSSL_PARAM_set_size_t(param, MAX_REQUEST_OCTETS))
    {
        return 0;
    }
    return 1;
}

using Function = void (*)();

template <typename Pointer>
Function
Erase(Pointer* function)
{
    return reinterpret_cast<Function>(function);
}

const OSSL_ALGORITHM*
QueryOperation(void* /*providerContext*/, int operation, int* noCache)
{
    static const OSSL_DISPATCH CALLS[] = {
        {OSSL_FUNC_RAND_NEWCTX, Erase(NewInstance)},
        {OSSL_FUNC_RAND_FREECTX, Erase(FreeInstance)},
        {OSSL_FUNC_RAND_INSTANTIATE, Erase(Instantiate)},
        {OSSL_FUNC_RAND_UNINSTANTIATE, Erase(Uninstantiate)},
        {OSSL_FUNC_RAND_GENERATE, Erase(Generate)},
        {OSSL_FUNC_RAND_RESEED, Erase(Reseed)},
        {OSSL_FUNC_RAND_ENABLE_LOCKING, Erase(EnableLocking)},
        {OSSL_FUNC_RAND_LOCK, Erase(Lock)},
        {OSSL_FUNC_RAND_UNLOCK, Erase(Unlock)},
        {OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, Erase(GettableParams)},
        {OSSL_FUNC_RAND_GET_CTX_PARAMS, Erase(GetParams)},
        {0, nullptr}};
    static const OSSL_ALGORITHM ALGORITHMS[] = {
        {RANDOM_ALGORITHM_NAME, RANDOM_PROPERTIES, CALLS, "the simulation's RandomSource"},
        {nullptr, nullptr, nullptr, nullptr}};
    *noCache = 0;
    return operation == OSSL_OP_RAND ? ALGORITHMS : nullptr;
}

void
TearDown(void* providerContext)
{
    delete static_cast<RandomSlot*>(providerContext);
}

} // namespace

int
InitRandomProvider(const OSSL_CORE_HANDLE* /*handle*/,
                   const OSSL_DISPATCH* /*in*/,
                   const OSSL_DISPATCH** out,
                   void** providerContext)
{
    static const OSSL_DISPATCH CALLS[] = {
        {OSSL_FUNC_PROVIDER_TEARDOWN, Erase(TearDown)},
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, Erase(QueryOperation)},
        {0, nullptr}};
    *providerContext = new (std::nothrow) RandomSlot;
    *out = CALLS;
    return *providerContext != nullptr;
}

} // namespace ikelab::crypto
