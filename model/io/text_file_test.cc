// SPDX-License-Identifier: MIT
#include "io/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ikelab::io
{
namespace
{

using testing::HasSubstr;

class TextFile : public testing::Test
{
  protected:
    TextFile()
    {
        std::filesystem::remove_all(m_directory);
        std::filesystem::create_directories(m_directory);
    }

    ~TextFile() override
    {
        std::filesystem::remove_all(m_directory);
    }

    const std::string m_directory = testing::TempDir() + "ikelab_text_file." +
                                    testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TextFile, ErrorsNameThePathAndTheReason)
{
    const auto read = ReadTextFile(m_directory + "/nowhere.json");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ENOENT);
    EXPECT_THAT(read.error().message, HasSubstr("nowhere.json: No such file or directory"));

    const auto directory = ReadTextFile(m_directory);
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().code, EISDIR);

    const auto written = WriteFileAtomically(m_directory + "/no/such/place", "x");
    ASSERT_FALSE(written.has_value());
    EXPECT_THAT(written.error().message, HasSubstr("/no/such/place: No such file or directory"));

    ASSERT_TRUE(WriteFileAtomically(m_directory + "/file", "x"));
    EXPECT_FALSE(MakeDirectories(m_directory + "/file"));
    EXPECT_FALSE(OutputFile::Open(m_directory + "/no/such/place"));
}

TEST_F(TextFile, ReadsBackWhatWasWrittenOfAnySize)
{
    for (const size_t octets : {0u, 1u, 65535u, 65536u, 65537u, 300000u})
    {
        std::string content(octets, 'a');
        for (size_t i = 0; i < octets; ++i)
        {
            content[i] = static_cast<char>(i * 7);
        }
        ASSERT_TRUE(WriteFileAtomically(m_directory + "/file", content));
        const auto back = ReadTextFile(m_directory + "/file");
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(*back, content);
    }
}

TEST_F(TextFile, LeavesNoTemporaryBesideTheFile)
{
    ASSERT_TRUE(WriteFileAtomically(m_directory + "/file", "first"));
    ASSERT_TRUE(WriteFileAtomically(m_directory + "/file", "second"));
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(m_directory))
    {
        ++files;
    }
    EXPECT_EQ(files, 1u);
    // The target is a directory: the rename fails, and the temporary must go.
    std::filesystem::create_directories(m_directory + "/taken/below");
    EXPECT_FALSE(WriteFileAtomically(m_directory + "/taken", "x"));
    for (const auto& entry : std::filesystem::directory_iterator(m_directory))
    {
        EXPECT_EQ(entry.path().string().find(".tmp."), std::string::npos);
    }
}

TEST_F(TextFile, KeepsSecretsFromOthers)
{
    ASSERT_TRUE(WriteFileAtomically(m_directory + "/keys", "secret", true));
    struct stat status = {};
    ASSERT_EQ(::stat((m_directory + "/keys").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077, 0u);
}

TEST_F(TextFile, OutputFileReportsALostWriteAtClose)
{
    auto full = OutputFile::Open("/dev/full");
    if (!full)
    {
        GTEST_SKIP() << "no /dev/full here: " << full.error().message;
    }
    full->Stream() << std::string(1 << 20, 'x');
    const auto closed = full->Close();
    ASSERT_FALSE(closed.has_value());
    EXPECT_THAT(closed.error().message, HasSubstr("/dev/full"));
}

TEST_F(TextFile, OutputFileReportsALostWriteAtFlush)
{
    auto full = OutputFile::Open("/dev/full");
    if (!full)
    {
        GTEST_SKIP() << "no /dev/full here: " << full.error().message;
    }
    EXPECT_TRUE(full->Flush());
    full->Stream() << "x";
    for (int again = 0; again < 2; ++again)
    {
        const auto flushed = full->Flush();
        ASSERT_FALSE(flushed.has_value());
        EXPECT_THAT(flushed.error().message, HasSubstr("/dev/full"));
    }
}

TEST_F(TextFile, OnlyWhatIsNotThereOrEmptyIsFree)
{
    EXPECT_TRUE(CheckFree(m_directory + "/new"));
    EXPECT_TRUE(CheckFree(m_directory + "/new/below"));
    ASSERT_TRUE(MakeDirectories(m_directory + "/empty"));
    EXPECT_TRUE(CheckFree(m_directory + "/empty"));
    ASSERT_TRUE(WriteFileAtomically(m_directory + "/file", "x"));
    EXPECT_FALSE(CheckFree(m_directory + "/file"));
    EXPECT_FALSE(CheckFree(m_directory));
    ASSERT_EQ(::symlink("nowhere", (m_directory + "/link").c_str()), 0);
    const auto link = CheckFree(m_directory + "/link");
    ASSERT_FALSE(link.has_value());
    EXPECT_THAT(link.error().message, HasSubstr("/link exists already"));
}

TEST_F(TextFile, OutputFileSurvivesMoves)
{
    auto first = OutputFile::Open(m_directory + "/first");
    auto second = OutputFile::Open(m_directory + "/second");
    ASSERT_TRUE(first && second);
    second->Stream() << "lost with its file, not with its buffer";
    first->Stream() << "one ";
    *second = std::move(*first);
    second->Stream() << "two";
    ASSERT_TRUE(second->Close());
    EXPECT_EQ(ReadTextFile(m_directory + "/first").value_or(""), "one two");
}

} // namespace
} // namespace ikelab::io
