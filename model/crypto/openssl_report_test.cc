// SPDX-License-Identifier: MIT
#include "crypto/openssl_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::crypto
{

namespace
{

TEST(OpensslReport, FindsEveryRowThatTheOtherTestsWorkWith)
{
    const OpensslReport report = ExamineOpenssl();
    EXPECT_THAT(report.version, testing::StartsWith("OpenSSL "));
    EXPECT_THAT(report.providers, testing::Contains("default"));
    EXPECT_THAT(report.lacksDefault, testing::IsEmpty());
    EXPECT_THAT(report.lacksNamed, testing::IsEmpty());
}

} // namespace

} // namespace ikelab::crypto
