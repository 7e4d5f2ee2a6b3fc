// The journal of apply: what one process has noted, the next one knows, whatever somebody has made of the file.
#include "changes/journal.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::changes {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t head_size = 64;
constexpr std::size_t record_size = 40;

Entry file_of(std::uint64_t inode, std::int64_t changed, mode_t type = S_IFREG) {
    Entry entry;
    entry.exists = true;
    entry.mode = type | 0644;
    entry.links = 1;
    entry.device = 7;
    entry.inode = inode;
    entry.changed = {changed, 5};
    entry.modified = {changed - 100, 6};
    return entry;
}

class ChangesJournal : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "/journal-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = fs::canonical(name);
        fs::create_directory(tree());
        Wanted wanted;
        wanted.users = {{0, ::geteuid(), 1}};
        wanted.groups = {{0, ::getegid(), 1}};
        wanted.overlays = {{tree(), {}, {}}};
        store_.emplace(Store::open_for_run(directory_ + "/changes", wanted));
    }
    void TearDown() override {
        store_.reset();
        fs::remove_all(directory_);
    }

    [[nodiscard]] const Store& store() const { return *store_; }
    [[nodiscard]] std::string tree() const { return directory_ + "/tree"; }
    [[nodiscard]] std::string path(const std::string& name = "journal") const {
        return directory_ + "/changes/" + name;
    }
    [[nodiscard]] std::string text(const std::string& name = "journal") const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& content, const std::string& name = "journal") const {
        std::ofstream(path(name), std::ios::binary) << content;
    }
    // Two files and a directory, by a process that comes to its end or not.
    void note_some(bool complete) const {
        Journal journal(store());
        journal.note(file_of(1, 1000), true);
        journal.note(file_of(2, 2000), true);
        journal.note_unfinished(file_of(3, 3000, S_IFDIR));
        journal.finish(complete);
    }
    [[nodiscard]] bool knows(const Entry& entry) const { return Journal(store()).knows(entry); }
    [[nodiscard]] std::string refusal() const {
        try {
            const Journal journal(store());
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

  private:
    std::string directory_;
    std::optional<Store> store_;
};

TEST_F(ChangesJournal, TheNextProcessKnowsWhatWasNoted) {
    note_some(false);
    for (int time = 0; time < 3; ++time) {  // as it was added, and as it was sorted
        const Journal journal(store());
        EXPECT_TRUE(journal.knows(file_of(1, 1000)));
        EXPECT_TRUE(journal.knows(file_of(2, 2000)));
        EXPECT_FALSE(journal.knows(file_of(2, 2001)));
        EXPECT_FALSE(journal.knows(file_of(3, 3000, S_IFDIR)));
        EXPECT_TRUE(journal.is_unfinished(file_of(3, 3000, S_IFDIR)));
        EXPECT_TRUE(journal.is_unfinished(file_of(3, 9999, S_IFDIR))) << "what is put into it changes its time";
        EXPECT_FALSE(journal.is_unfinished(file_of(1, 1000)));
        EXPECT_FALSE(journal.knows(file_of(4, 1000)));
        Entry elsewhere = file_of(1, 1000);
        elsewhere.device = 8;
        EXPECT_FALSE(journal.knows(elsewhere));
        Entry a_moment_later = file_of(1, 1000);
        a_moment_later.changed.nanoseconds += 1;
        EXPECT_FALSE(journal.knows(a_moment_later));
    }
}

TEST_F(ChangesJournal, TheLatestCounts) {
    {
        Journal journal(store());
        journal.note(file_of(1, 1000), true);
        journal.note_unfinished(file_of(2, 1000, S_IFDIR));
        journal.note(file_of(1, 1001), true);
        journal.note(file_of(2, 1002, S_IFDIR), true);
    }
    {
        Journal journal(store());
        EXPECT_FALSE(journal.knows(file_of(1, 1000)));
        EXPECT_TRUE(journal.knows(file_of(1, 1001)));
        EXPECT_TRUE(journal.knows(file_of(2, 1002, S_IFDIR)));
        EXPECT_FALSE(journal.is_unfinished(file_of(2, 1002, S_IFDIR)));
        journal.note(file_of(1, 900), true);  // the clock was set back
    }
    EXPECT_TRUE(knows(file_of(1, 900)));
    EXPECT_FALSE(knows(file_of(1, 1001)));
    EXPECT_EQ(text().size(), head_size + 2 * record_size);
}

// It knows the same, added or sorted, and is as it was.
TEST_F(ChangesJournal, OneThatIsLookedAt) {
    {
        const Journal journal(store(), Journal::Use::looking);
        EXPECT_FALSE(journal.knows(file_of(1, 1000)));
        EXPECT_FALSE(journal.left_over().has_value());
    }
    EXPECT_FALSE(fs::exists(path()));
    EXPECT_FALSE(fs::exists(path("pending")));
    note_some(false);
    {
        Journal journal(store());
        journal.enter(tree());
        journal.note(file_of(9, 9000), true);
    }
    for (int time = 0; time < 2; ++time) {
        const std::string before = text();
        {
            const Journal journal(store(), Journal::Use::looking);
            EXPECT_TRUE(journal.knows(file_of(1, 1000)));
            EXPECT_TRUE(journal.knows(file_of(9, 9000)));
            EXPECT_FALSE(journal.knows(file_of(9, 9001)));
            EXPECT_TRUE(journal.is_unfinished(file_of(3, 3000, S_IFDIR)));
            ASSERT_TRUE(journal.left_over().has_value());
            EXPECT_EQ(journal.left_over()->directory, tree());
            EXPECT_EQ(journal.left_over()->name, journal.temporary());
            EXPECT_EQ(text(), before);
            EXPECT_EQ(text("pending"), std::to_string(tree().size()) + " " + tree());
        }
        { const Journal sorted(store()); }
    }
    EXPECT_FALSE(fs::exists(path("journal.new")));
}

// Its work is done: what was begun is no excuse for what comes later.
TEST_F(ChangesJournal, ACompleteOneForgetsWhatWasBegun) {
    note_some(true);
    const Journal journal(store());
    EXPECT_TRUE(journal.knows(file_of(1, 1000)));
    EXPECT_FALSE(journal.is_unfinished(file_of(3, 3000, S_IFDIR)));
}

// That of one name changes the time of the file, which the others have, too; in this process at once.
TEST_F(ChangesJournal, OtherNamesOfAFile) {
    Entry file = file_of(1, 1000);
    file.links = 2;
    {
        Journal journal(store());
        journal.note_name_goes(file);
        EXPECT_FALSE(journal.knows(file));
        journal.note(file, false);
        EXPECT_TRUE(journal.knows(file));
        Entry later = file;
        later.changed.seconds += 1;
        EXPECT_FALSE(journal.knows(later));
    }
    EXPECT_TRUE(knows(file));
    {
        Journal journal(store());
        journal.note_name_goes(file_of(2, 2000));
    }
    Entry without_the_name = file_of(2, 2000);
    without_the_name.changed.seconds += 77;
    EXPECT_TRUE(knows(without_the_name));
    without_the_name.modified.seconds += 1;
    EXPECT_FALSE(knows(without_the_name));
}

// With a directory: until that is gone by that time, and from then on as it was then, whatever its content's time.
TEST_F(ChangesJournal, WhatGoesWithADirectoryIsKnownUntilItIsGone) {
    Entry file = file_of(1, 1000);
    Entry at_the_end = file;
    at_the_end.changed = {2000, 5};
    Entry later = file;
    later.changed = {2000, 6};
    {
        Journal journal(store());
        journal.note_name_goes_unseen(file);
        EXPECT_TRUE(journal.knows(later));
        journal.note_names_gone({Journal::key_of(file)}, {2000, 5});
        EXPECT_TRUE(journal.knows(file));
        EXPECT_TRUE(journal.knows(at_the_end));
        EXPECT_FALSE(journal.knows(later));
    }
    EXPECT_TRUE(knows(at_the_end));
    EXPECT_FALSE(knows(later));
}

// They are written in lumps, unless asked for at once, and at the end.
TEST_F(ChangesJournal, WhatWaitsIsWrittenAtTheEnd) {
    {
        Journal journal(store());
        for (std::uint64_t i = 1; i <= 1000; ++i) {
            journal.note(file_of(i, static_cast<std::int64_t>(i)), false);
        }
        EXPECT_LT(text().size(), head_size + 1000 * record_size);
        journal.finish(true);
    }
    const Journal journal(store());
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        EXPECT_TRUE(journal.knows(file_of(i, static_cast<std::int64_t>(i)))) << i;
    }
    EXPECT_EQ(text().size(), head_size + 1000 * record_size);
}

// At no length is more known than was noted, nor is that lost which is there in whole.
TEST_F(ChangesJournal, OneThatIsCutOff) {
    note_some(false);
    const std::string whole = text();
    ASSERT_EQ(whole.size(), head_size + 3 * record_size);
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        write(whole.substr(0, length));
        const Journal journal(store());
        EXPECT_EQ(journal.knows(file_of(1, 1000)), length >= head_size + record_size) << length;
        EXPECT_EQ(journal.knows(file_of(2, 2000)), length >= head_size + 2 * record_size) << length;
        EXPECT_EQ(journal.is_unfinished(file_of(3, 3000, S_IFDIR)), length == whole.size()) << length;
        EXPECT_FALSE(journal.knows(file_of(0, 0)));
    }
}

TEST_F(ChangesJournal, OneThatWasCutOffGoesOn) {
    note_some(false);
    write(text().substr(0, head_size + record_size + 17));
    {
        Journal journal(store());
        journal.note(file_of(9, 9000), true);
    }
    EXPECT_TRUE(knows(file_of(1, 1000)));
    EXPECT_TRUE(knows(file_of(9, 9000)));
    EXPECT_FALSE(knows(file_of(2, 2000)));
}

// A sorted one of which the end is gone says of more entries than it has.
TEST_F(ChangesJournal, ASortedOneThatIsCutOff) {
    note_some(false);
    { const Journal journal(store()); }
    const std::string sorted = text();
    ASSERT_EQ(sorted.size(), head_size + 3 * record_size);
    for (std::size_t length = 0; length <= sorted.size(); ++length) {
        write(sorted.substr(0, length));
        const Journal journal(store());
        EXPECT_EQ(journal.knows(file_of(1, 1000)), length >= head_size + record_size) << length;
        EXPECT_FALSE(journal.knows(file_of(9, 1000)));
    }
}

TEST_F(ChangesJournal, OneOfAnotherVersionIsBegunAnew) {
    note_some(false);
    const std::string before = text();
    std::string other = before;
    other[15] = '2';
    write(other);
    EXPECT_FALSE(knows(file_of(1, 1000)));
    EXPECT_TRUE(text().starts_with("sandbox-journal1"));
    EXPECT_EQ(text().size(), head_size);
    EXPECT_NE(text().substr(16, 32), before.substr(16, 32));
}

// The name of the temporary file comes from there: nothing else than digits may.
TEST_F(ChangesJournal, AnIdThatIsAPathIsNone) {
    note_some(false);
    const std::string good = text();
    for (const std::string& id : {"/../../../../../../etc/passwd" + std::string(3, 'x'), std::string(32, '\0'),
                                  std::string(32, '/'), std::string(31, 'a') + "G", std::string(31, 'a') + "\n"}) {
        ASSERT_EQ(id.size(), 32U);
        write(std::string(good).replace(16, 32, id));
        const Journal journal(store());
        EXPECT_TRUE(journal.temporary().starts_with(".sandbox-apply-")) << journal.temporary();
        EXPECT_EQ(journal.temporary().find(id), std::string::npos);
        EXPECT_EQ(journal.temporary().substr(15).find_first_not_of("0123456789abcdef"), std::string::npos);
    }
    write(good);
    EXPECT_EQ(Journal(store()).temporary(), ".sandbox-apply-" + good.substr(16, 32));
}

// Nothing in it is a reason to crash; at the worst it says too much or too little of what the host has changed.
TEST_F(ChangesJournal, OneOfAnyBytesIsRead) {
    note_some(false);
    const std::string good = text();
    std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in each run
    for (int time = 0; time < 500; ++time) {
        std::string bad = good;
        for (int i = 0; i < 8; ++i) {
            // The number of sorted entries more often than chance would have it.
            const std::size_t at = i == 0 ? 48 + random() % 16 : random() % bad.size();
            bad[at] = static_cast<char>(random());
        }
        bad.resize(random() % 2 == 0 ? bad.size() : random() % (bad.size() + 200));
        write(bad);
        {
            Journal journal(store());
            (void)journal.knows(file_of(1, 1000));
            (void)journal.pending();
            journal.note(file_of(77, 7700), true);
            journal.finish(time % 2 == 0);
        }
        EXPECT_TRUE(knows(file_of(77, 7700))) << "what is noted now is known in any case";
    }
}

TEST_F(ChangesJournal, MoreSortedThanThereIs) {
    note_some(false);
    for (const std::uint64_t sorted : {std::uint64_t{4}, std::uint64_t{1} << 32U, ~std::uint64_t{0}}) {
        std::string text_of_it = text();
        text_of_it.replace(48, 8, std::string(reinterpret_cast<const char*>(&sorted), 8));
        write(text_of_it);
        EXPECT_TRUE(knows(file_of(1, 1000))) << sorted;
        EXPECT_FALSE(knows(file_of(9, 1000)));
    }
}

// It says that they are sorted, and they are not: what is not found is somebody else's change, and stays.
TEST_F(ChangesJournal, SortedThatIsNot) {
    note_some(false);
    std::string text_of_it = text();
    const std::string first = text_of_it.substr(head_size, record_size);
    text_of_it = text_of_it.substr(0, head_size) + text_of_it.substr(head_size + record_size) + first;
    text_of_it[48] = 3;
    write(text_of_it);
    const Journal journal(store());
    EXPECT_FALSE(journal.knows(file_of(9, 1000)));
}

TEST_F(ChangesJournal, WhatIsNoFileOfOnesOwnIsRefused) {
    for (const char* name : {"journal", "pending"}) {
        fs::remove(path(name));
        fs::create_symlink(tree() + "/victim", path(name));
        EXPECT_EQ(refusal(), "cannot use " + store().name() + ": " + name + " is no file that can be written to");
        EXPECT_FALSE(fs::exists(tree() + "/victim"));
        fs::remove(path(name));
        fs::create_directory(path(name));
        EXPECT_NE(refusal(), "") << name;
        fs::remove(path(name));
        ASSERT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
        EXPECT_NE(refusal().find("is no file that can be written to"), std::string::npos) << name;
        fs::remove(path(name));
        EXPECT_EQ(refusal(), "");
    }
    // What another was about to sort, or a trap: it is not looked into.
    fs::create_symlink(tree() + "/victim", path("journal.new"));
    note_some(false);
    EXPECT_TRUE(knows(file_of(1, 1000)));
    EXPECT_FALSE(fs::exists(tree() + "/victim"));
}

TEST_F(ChangesJournal, AnothersIsRefused) {
    note_some(false);
    if (::chown(path().c_str(), ::geteuid() + 1, ::getegid()) < 0) {
        ASSERT_TRUE(errno == EPERM || errno == EINVAL) << errno;
        GTEST_SKIP() << "needs root, who can give a file away";
    }
    EXPECT_NE(refusal().find("journal is no file of the caller's own"), std::string::npos) << refusal();
}

TEST_F(ChangesJournal, AHardLinkToAFileOfTheHostIsRefused) {
    std::ofstream(tree() + "/victim") << "text\n";
    fs::create_hard_link(tree() + "/victim", path());
    EXPECT_NE(refusal().find("with no other name"), std::string::npos) << refusal();
    std::ifstream victim(tree() + "/victim");
    std::string line;
    std::getline(victim, line);
    EXPECT_EQ(line, "text");
}

TEST_F(ChangesJournal, TheDirectoryInWhichATemporaryFileMayStand) {
    for (const std::string& name : {std::string("a"), std::string("a b"), std::string("new\nline"),
                                    std::string("\x1b[2J\xff"), std::string(255, 'n') + "/" + std::string(255, 'm')}) {
        {
            Journal journal(store());
            journal.enter(tree() + "/" + name);
        }
        EXPECT_EQ(Journal(store()).pending(), tree() + "/" + name);
    }
    {
        Journal journal(store());
        journal.enter(tree() + "/longer");
        journal.enter(tree());  // what is left of the longer one behind it does not count
    }
    EXPECT_EQ(Journal(store()).pending(), tree());
    {
        Journal journal(store());
        journal.enter(tree() + "/a");
        journal.finish(false);
    }
    EXPECT_EQ(Journal(store()).pending(), "");
}

TEST_F(ChangesJournal, APlaceThatIsNoneOfATreeIsNone) {
    const std::string sibling = tree() + "2";
    const std::string above = tree() + "/..";
    for (const std::string& place : {std::to_string(sibling.size()) + " " + sibling, std::string("4 /etc"),
                                     std::to_string(above.size()) + " " + above, std::string("1 /"),
                                     std::to_string(tree().size() + 1) + " " + tree(), std::string("0 "),
                                     std::string(" "), std::string("99999 /x"), std::string("999999999999999999999 /x"),
                                     std::string("-1 /x"), std::string("x"), std::string("1"), std::string()}) {
        write(place, "pending");
        EXPECT_EQ(Journal(store()).pending(), "") << place;
    }
    const std::string with_null = tree() + "/a" + std::string(1, '\0') + "b";
    write(std::to_string(with_null.size()) + " " + with_null, "pending");
    EXPECT_EQ(Journal(store()).pending(), "");
    write(std::to_string(tree().size()) + " " + tree() + "/more", "pending");
    EXPECT_EQ(Journal(store()).pending(), tree());
}

TEST_F(ChangesJournal, IsClosedToOthers) {
    note_some(false);
    for (const char* name : {"journal", "pending"}) {
        struct stat found {};
        ASSERT_EQ(::stat(path(name).c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 07777U, 0600U) << name;
    }
}

}  // namespace
}  // namespace sandbox::changes
