// The directory of --changes: made, opened again, locked, and refused by name where it is not what it should be.
#include "changes/store.hpp"
#include "support/sandbox_test.hpp"

#include <sandbox/error.hpp>

#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

using namespace sandbox::changes;

class Changes : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        ::mkdir(lower().c_str(), 0751);
        ::chmod(lower().c_str(), 0751);
        wanted_.users = {{0, ::geteuid(), 1}};
        wanted_.groups = {{0, ::getegid(), 1}};
        wanted_.overlays = {{lower(), {}, {}}};
    }
    [[nodiscard]] std::string dir() const { return directory() / "changes"; }
    [[nodiscard]] std::string lower() const { return directory() / "lower"; }

    template <class Open>
    std::string refusal(Open open) {
        try {
            (void)open();
        } catch (const sandbox::Error& error) {
            EXPECT_NE(std::string(error.what()).find(dir()), std::string::npos) << error.what();
            return error.what();
        }
        return "";
    }
    std::string refused_run() {
        return refusal([&] { return Store::open_for_run(dir(), wanted_); });
    }
    std::string refused_verb() {
        return refusal([&] { return Store::open_for_reading(dir()); });
    }

    Wanted wanted_;
};

mode_t mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777U;
}

TEST_F(Changes, IsMadeClosedToOthersWhateverTheUmask) {
    const mode_t former = ::umask(0777);
    const Store store = Store::open_for_run(dir(), wanted_);
    ::umask(former);
    EXPECT_EQ(mode_of(dir()), 0700U);
    EXPECT_EQ(mode_of(dir() + "/sandbox.json"), 0600U);
    EXPECT_EQ(mode_of(dir() + "/lock"), 0600U);
    EXPECT_EQ(mode_of(dir() + "/0/upper"), 0751U);
    EXPECT_EQ(mode_of(dir() + "/0/work"), 0700U);
    EXPECT_TRUE(store.upper(0));
    EXPECT_TRUE(store.work(0));
    EXPECT_FALSE(store.upper(1));
    EXPECT_EQ(store.path(), dir());
}

TEST_F(Changes, ASecondRunContinues) {
    const Timestamp began = Store::open_for_run(dir(), wanted_).record().began;
    const std::string more = directory() / "more";
    ::mkdir(more.c_str(), 0700);
    wanted_.overlays.insert(wanted_.overlays.begin(), WantedOverlay{more, {}, {}});
    const Store store = Store::open_for_run(dir(), wanted_);
    EXPECT_EQ(store.record().began, began);
    ASSERT_EQ(store.record().overlays.size(), 2U);
    EXPECT_EQ(store.record().overlays[0].path, lower());
    EXPECT_EQ(store.record().overlays[0].number, 0U);
    EXPECT_EQ(store.record().overlays[1].path, more);
    EXPECT_EQ(store.record().overlays[1].number, 1U);
    EXPECT_TRUE(store.upper(1));
}

TEST_F(Changes, OneThatWasKilledWhileItMadeThemContinues) {
    ::mkdir(dir().c_str(), 0700);
    write_file(dir() + "/lock", "");
    write_file(dir() + "/sandbox.json.new", "{");
    { const Store store = Store::open_for_run(dir(), wanted_); }
    ::rmdir((dir() + "/0/upper").c_str());
    ::mkdir((dir() + "/0/upper.new").c_str(), 0700);
    const Store store = Store::open_for_run(dir(), wanted_);
    EXPECT_EQ(mode_of(dir() + "/0/upper"), 0751U);
    EXPECT_NE(::access((dir() + "/sandbox.json.new").c_str(), F_OK), 0);
}

TEST_F(Changes, AnEmptyDirectoryBecomesOne) {
    ::mkdir(dir().c_str(), 0755);
    const Store store = Store::open_for_run(dir() + "/", wanted_);
    EXPECT_EQ(mode_of(dir()), 0700U);
}

TEST_F(Changes, IsOneUsersAtATime) {
    {
        const Store run = Store::open_for_run(dir(), wanted_);
        EXPECT_NE(refused_run().find("is using it"), std::string::npos);
        EXPECT_NE(refused_verb().find("is using it"), std::string::npos);
    }
    const Store one = Store::open_for_reading(dir());
    const Store other = Store::open_for_reading(dir());
    EXPECT_NE(refusal([&] { return Store::open_for_change(dir()); }).find("is using it"), std::string::npos);
}

TEST_F(Changes, OneThatIsOpenToOthersIsRefused) {
    (void)Store::open_for_run(dir(), wanted_);
    ::chmod(dir().c_str(), 0755);
    EXPECT_NE(refused_run().find("it is open to others"), std::string::npos);
    EXPECT_NE(refused_verb().find("it is open to others"), std::string::npos);
}

TEST_F(Changes, WhatIsNoneIsRefusedByName) {
    EXPECT_NE(refused_verb().find("there is nothing of that name"), std::string::npos);
    ::mkdir(dir().c_str(), 0700);
    EXPECT_NE(refused_verb().find("it is no directory of changes"), std::string::npos);
    write_file(dir() + "/x", "");
    EXPECT_NE(refused_run().find("it is neither empty nor a directory of changes"), std::string::npos);
    ::chmod(dir().c_str(), 0755);
    EXPECT_NE(refused_run().find("it is neither empty nor a directory of changes"), std::string::npos);
    ::unlink((dir() + "/x").c_str());
    EXPECT_NE(refused_verb().find("it is no directory of changes"), std::string::npos);
    EXPECT_EQ(mode_of(dir()), 0755U);
    ::rmdir(dir().c_str());
    write_file(dir(), "");
    EXPECT_NE(refused_run().find("it is no directory"), std::string::npos);
    ::unlink(dir().c_str());
    ASSERT_EQ(::symlink(lower().c_str(), dir().c_str()), 0);
    EXPECT_NE(refused_run().find("it is no directory"), std::string::npos);
}

TEST_F(Changes, ARecordThatIsNotOursIsRefusedByName) {
    { const Store store = Store::open_for_run(dir(), wanted_); }
    const std::string file = dir() + "/sandbox.json";
    const std::string text = read_file(file);
    write_file(file, text.substr(0, text.size() / 2));
    EXPECT_NE(refused_run().find("sandbox.json is damaged"), std::string::npos);
    EXPECT_NE(refused_verb().find("sandbox.json is damaged"), std::string::npos);
    std::string edited = text;
    edited.replace(edited.find("\"format\": 1"), 11, "\"format\": 7");
    write_file(file, edited);
    EXPECT_NE(refused_run().find("has format 7"), std::string::npos);
    Record record = parse_record(text);
    record.uid += 1;
    write_file(file, record_text(record));
    EXPECT_NE(refused_verb().find("it was made by user"), std::string::npos);
    record = parse_record(text);
    record.began.seconds += 1000;
    write_file(file, record_text(record));
    EXPECT_NE(refused_verb().find("in the future"), std::string::npos);
    ::unlink(file.c_str());
    ASSERT_EQ(::symlink("/etc/passwd", file.c_str()), 0);
    EXPECT_NE(refused_verb(), "");
    ::unlink(file.c_str());
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_NE(refused_verb().find("no file of the caller's own"), std::string::npos);
}

// A run writes to it.
TEST_F(Changes, ALockThatIsAnotherFileIsRefusedByName) {
    { const Store store = Store::open_for_run(dir(), wanted_); }
    const std::string file = dir() + "/lock";
    const std::string victim = directory() / "victim";
    write_file(victim, "text\n");
    ::unlink(file.c_str());
    ASSERT_EQ(::link(victim.c_str(), file.c_str()), 0);
    EXPECT_NE(refused_run().find("lock is no file of the caller's own"), std::string::npos);
    ::unlink(file.c_str());
    ASSERT_EQ(::symlink(victim.c_str(), file.c_str()), 0);
    EXPECT_NE(refused_run(), "");
    ::unlink(file.c_str());
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_NE(refused_run().find("lock is no file of the caller's own"), std::string::npos);
    EXPECT_EQ(read_file(victim), "text\n");
}

TEST_F(Changes, OtherIdsInsideAreRefused) {
    { const Store store = Store::open_for_run(dir(), wanted_); }
    wanted_.users.push_back({1, 100000, 1000});
    EXPECT_NE(refused_run().find("an earlier run had other ids inside"), std::string::npos);
}

// Only root can show it.
TEST_F(Changes, AnothersIsRefusedByName) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can give a directory away";
    }
    { const Store store = Store::open_for_run(dir(), wanted_); }
    ASSERT_EQ(::chown(dir().c_str(), 12345, 12345), 0);
    EXPECT_NE(refused_run().find("it belongs to user 12345"), std::string::npos);
    EXPECT_NE(refused_verb().find("it belongs to user 12345"), std::string::npos);
}

}  // namespace
}  // namespace sandbox_test
