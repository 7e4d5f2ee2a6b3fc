// The records of a journal, sorted in runs of any length: the same as if all were in memory.
#include "changes/journal_sort.hpp"
#include "sys/fd.hpp"

#include <sandbox/error.hpp>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sandbox::changes {
namespace {

namespace fs = std::filesystem;

std::vector<JournalRecord> random_records(std::mt19937& random, std::size_t count) {
    std::vector<JournalRecord> records(count);
    for (std::size_t i = 0; i < count; ++i) {
        records[i].device = random() % 2;
        records[i].inode = random() % 9;
        records[i].seconds = static_cast<std::int64_t>(random());
        records[i].sequence = i;
        records[i].kind = JournalRecord::Kind(random() % 4);
    }
    return records;
}

// As the interface has it, in as much memory as that takes.
std::vector<JournalRecord> as_said(const std::vector<JournalRecord>& records, bool complete) {
    std::map<std::pair<std::uint64_t, std::uint64_t>, JournalRecord> latest;
    for (const JournalRecord& record : records) {
        latest.insert_or_assign({record.device, record.inode}, record);
    }
    std::vector<JournalRecord> left;
    for (auto& [subject, record] : latest) {
        if (record.kind != JournalRecord::Kind::none && (!complete || record.kind != JournalRecord::Kind::unfinished)) {
            record.sequence = 0;
            left.push_back(record);
        }
    }
    return left;
}

class ChangesJournalSort : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "/sort-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = fs::canonical(name);
        Wanted wanted;
        wanted.users = {{0, ::geteuid(), 1}};
        wanted.groups = {{0, ::getegid(), 1}};
        store_.emplace(Store::open_for_run(directory_ + "/changes", wanted));
    }
    void TearDown() override {
        store_.reset();
        fs::remove_all(directory_);
    }
    [[nodiscard]] const Store& store() const { return *store_; }
    [[nodiscard]] sys::UniqueFd file_with(const std::vector<JournalRecord>& records) const {
        sys::UniqueFd file(::memfd_create("records", MFD_CLOEXEC));
        write_at(store(), file.get(), records.data(), records.size() * sizeof(JournalRecord), place_of_record(0));
        return file;
    }
    [[nodiscard]] std::string refusal(int from, std::uint64_t count, int to) const {
        try {
            static_cast<void>(sort_records(store(), from, count, to, true, 2));
        } catch (const Error& error) {
            return std::string(error.what()) + ", " + error.fix();
        }
        return {};
    }

  private:
    std::string directory_;
    std::optional<Store> store_;
};

TEST_F(ChangesJournalSort, RunsOfAnyLengthGiveTheSame) {
    std::mt19937 random(20261129);
    for (const std::size_t count : {0U, 1U, 2U, 3U, 17U, 64U, 5000U}) {
        const std::vector<JournalRecord> records = random_records(random, count);
        const sys::UniqueFd from = file_with(records);
        for (const bool complete : {false, true}) {
            const std::vector<JournalRecord> expected = as_said(records, complete);
            for (const std::size_t run : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{16},
                                          std::size_t{63}, std::size_t{4999}, records_of_a_run}) {
                const sys::UniqueFd to(::memfd_create("sorted", MFD_CLOEXEC));
                std::vector<JournalRecord> sorted(sort_records(store(), from.get(), count, to.get(), complete, run));
                read_records(store(), to.get(), sorted, 0);
                EXPECT_EQ(sorted, expected) << count << " in runs of " << run << (complete ? ", complete" : "");
            }
        }
    }
}

// More than is written at a time.
TEST_F(ChangesJournalSort, ManyFiles) {
    std::vector<JournalRecord> records(20000);
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i] = {1, (i * 7919) % records.size(), 5, i, 6, JournalRecord::Kind::result};
    }
    const sys::UniqueFd from = file_with(records);
    const sys::UniqueFd to(::memfd_create("sorted", MFD_CLOEXEC));
    std::vector<JournalRecord> sorted(sort_records(store(), from.get(), records.size(), to.get(), true, 777));
    read_records(store(), to.get(), sorted, 0);
    EXPECT_EQ(sorted, as_said(records, true));
}

TEST_F(ChangesJournalSort, AFullDiskIsSaid) {
    std::mt19937 random(1);
    const sys::UniqueFd from = file_with(random_records(random, 9));
    const sys::UniqueFd full(::open("/dev/full", O_RDWR | O_CLOEXEC));
    EXPECT_EQ(
        refusal(from.get(), 9, full.get()),
        "cannot note in " + store().name() +
            " what is written on the host: No space left on device, make room there, and run it again: it goes on "
            "from there");
}

TEST_F(ChangesJournalSort, AFileThatIsCutMeanwhileIsAnError) {
    std::mt19937 random(1);
    const sys::UniqueFd from = file_with(random_records(random, 9));
    const sys::UniqueFd to(::memfd_create("sorted", MFD_CLOEXEC));
    EXPECT_NE(refusal(from.get(), 10, to.get()), "");
    EXPECT_EQ(refusal(from.get(), 9, to.get()), "");
}

}  // namespace
}  // namespace sandbox::changes
