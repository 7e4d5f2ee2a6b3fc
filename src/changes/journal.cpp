#include "changes/journal.hpp"

#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

namespace sandbox::changes {
namespace {

constexpr const char* journal_name = "journal";
constexpr const char* new_name = "journal.new";
constexpr const char* place_name = "pending";
constexpr std::array<char, 16> magic = {'s', 'a', 'n', 'd', 'b', 'o', 'x', '-', 'j', 'o', 'u', 'r', 'n', 'a', 'l', '1'};
constexpr std::size_t lump = 64;
constexpr std::uint64_t batch = 65536;
constexpr std::uint64_t most_entries = 1ULL << 32U;

[[noreturn]] void fail(const Store& store, int error) {
    const std::string what = "cannot note in " + store.name() + " what is written on the host: " + std::strerror(error);
    if (is_full(error)) {
        throw Error(what).with_fix("make room there, and run it again: it goes on from there");
    }
    throw Error(what);
}

void write_at(const Store& store, int file, const void* data, std::size_t size, std::uint64_t at) {
    const char* bytes = static_cast<const char*>(data);
    for (std::size_t done = 0; done < size;) {
        const ssize_t got = ::pwrite(file, bytes + done, size - done, static_cast<off_t>(at + done));
        if (got < 0 && errno != EINTR) {
            fail(store, errno);
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
}

bool is_id(const std::array<char, 32>& id) {
    return std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::array<char, 32> random_id(const Store& store) {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        fail(store, errno);
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 32> id{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        id.at(2 * i) = digits[bytes.at(i) >> 4U];
        id.at(2 * i + 1) = digits[bytes.at(i) & 15U];
    }
    return id;
}

}  // namespace

Journal::Journal(const Store& store) : store_(store) {
    static_assert(sizeof(Record) == 40 && sizeof(Head) == 64);
    open();
    sort();
    map();
    temporary_ = ".sandbox-apply-" + std::string(head_.id.data(), head_.id.size());
    place_ = sys::UniqueFd(make(place_name));
}

Journal::~Journal() {
    if (mapped_ != nullptr) {
        ::munmap(mapped_, mapped_size_);
    }
}

int Journal::make(const char* name) const {
    sys::UniqueFd file(sys::above_streams(
        ::openat(store_.directory(), name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600)));
    struct stat found {};
    if ((!file && is_full(errno)) || (file && ::fstat(file.get(), &found) < 0)) {
        fail(store_, errno);
    }
    if (!file || !S_ISREG(found.st_mode)) {
        throw Error("cannot use " + store_.name() + ": " + name + " is no file that can be written to");
    }
    // It would be another file that is written to.
    if (found.st_uid != ::geteuid() || found.st_nlink > 1) {
        throw Error("cannot use " + store_.name() + ": " + name + " is no file of the caller's own with no other name")
            .with_fix("put a copy of it in its place");
    }
    if (::fchmod(file.get(), 0600) < 0) {
        fail(store_, errno);
    }
    return file.release();
}

// One that is none was cut off when it was made, or comes from elsewhere: a new one knows less, and that is all.
void Journal::open() {
    ::unlinkat(store_.directory(), new_name, 0);
    file_ = sys::UniqueFd(make(journal_name));
    const ssize_t got = ::pread(file_.get(), &head_, sizeof head_, 0);
    if (got != sizeof head_ || head_.magic != magic || !is_id(head_.id)) {
        start_new();
    }
}

void Journal::start_new() {
    head_ = {};
    head_.magic = magic;
    head_.id = random_id(store_);
    if (::ftruncate(file_.get(), 0) < 0) {
        fail(store_, errno);
    }
    write_at(store_, file_.get(), &head_, sizeof head_, 0);
}

// In the file's own pages, which the kernel can write out: memory is not asked for by the number of files.
void Journal::sort() {
    struct stat found {};
    if (::fstat(file_.get(), &found) < 0) {
        fail(store_, errno);
    }
    const std::uint64_t count = (static_cast<std::uint64_t>(found.st_size) - sizeof(Head)) / sizeof(Record);
    sequence_ = count;
    if (count == head_.sorted) {
        return;
    }
    if (count > most_entries) {
        start_new();
        sequence_ = 0;
        return;
    }
    const sys::UniqueFd sorted(make(new_name));
    const std::size_t size = sizeof(Head) + count * sizeof(Record);
    std::array<char, 65536> chunk{};
    for (std::size_t at = 0; at < size;) {
        const ssize_t got =
            ::pread(file_.get(), chunk.data(), std::min(chunk.size(), size - at), static_cast<off_t>(at));
        if (got <= 0) {
            fail(store_, got < 0 ? errno : EIO);
        }
        write_at(store_, sorted.get(), chunk.data(), static_cast<std::size_t>(got), at);
        at += static_cast<std::size_t>(got);
    }
    void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, sorted.get(), 0);
    if (pages == MAP_FAILED) {
        fail(store_, errno);
    }
    auto* const first = reinterpret_cast<Record*>(static_cast<char*>(pages) + sizeof(Head));
    const std::span<Record> records(first, count);
    // Of one file the latest first.
    std::ranges::sort(records, {},
                      [](const Record& record) { return std::tuple(record.device, record.inode, ~record.sequence); });
    const auto repeated = std::unique(records.begin(), records.end(), [](const Record& one, const Record& other) {
        return one.device == other.device && one.inode == other.inode;
    });
    const auto kept = std::remove_if(records.begin(), repeated, [&](const Record& record) {
        return record.kind == Kind::none || (head_.complete != 0 && record.kind == Kind::unfinished);
    });
    const std::size_t left = static_cast<std::size_t>(kept - records.begin());
    // What is added from now on is later than all of these.
    for (Record& record : records.subspan(0, left)) {
        record.sequence = 0;
    }
    head_.sorted = left;
    head_.complete = 0;
    std::memcpy(pages, &head_, sizeof head_);
    ::munmap(pages, size);
    if (::ftruncate(sorted.get(), static_cast<off_t>(sizeof(Head) + left * sizeof(Record))) < 0 ||
        ::fdatasync(sorted.get()) < 0 ||
        ::renameat(store_.directory(), new_name, store_.directory(), journal_name) < 0) {
        fail(store_, errno);
    }
    file_ = sys::UniqueFd(make(journal_name));
    sequence_ = left;
}

void Journal::map() {
    mapped_size_ = sizeof(Head) + head_.sorted * sizeof(Record);
    mapped_ = ::mmap(nullptr, mapped_size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (mapped_ == MAP_FAILED) {
        mapped_ = nullptr;
        fail(store_, errno);
    }
    const auto* const first = reinterpret_cast<const Record*>(static_cast<const char*>(mapped_) + sizeof(Head));
    sorted_ = std::span<const Record>(first, head_.sorted);
}

const Journal::Record* Journal::find(const Entry& entry) const {
    const std::pair<std::uint64_t, std::uint64_t> key{entry.device, entry.inode};
    const auto found = std::ranges::lower_bound(
        sorted_, key, {}, [](const Record& record) { return std::pair(record.device, record.inode); });
    return found != sorted_.end() && std::pair(found->device, found->inode) == key ? &*found : nullptr;
}

bool Journal::knows(const Entry& entry) const {
    if (const auto recent = linked_.find({entry.device, entry.inode}); recent != linked_.end()) {
        return recent->second == entry.changed;
    }
    const Record* const record = find(entry);
    if (record == nullptr || (record->kind != Kind::result && record->kind != Kind::name_goes)) {
        return false;
    }
    const Timestamp& time = record->kind == Kind::result ? entry.changed : entry.modified;
    return record->seconds == time.seconds && record->nanoseconds == time.nanoseconds;
}

bool Journal::is_unfinished(const Entry& directory) const {
    const Record* const record = find(directory);
    return record != nullptr && record->kind == Kind::unfinished;
}

void Journal::note(const Entry& entry, bool now) {
    const bool linked = entry.links > 1 && !entry.is(S_IFDIR);
    if (linked) {
        linked_[{entry.device, entry.inode}] = entry.changed;
    }
    add(entry, Kind::result, entry.changed, now || linked);
}

void Journal::note_unfinished(const Entry& directory) {
    add(directory, Kind::unfinished, directory.changed, true);
}

void Journal::note_name_goes(const Entry& file) {
    add(file, Kind::name_goes, file.modified, true);
}

void Journal::add(const Entry& entry, Kind kind, const Timestamp& time, bool now) {
    waiting_.push_back({entry.device, entry.inode, time.seconds, sequence_++, time.nanoseconds, kind});
    if (now || waiting_.size() == lump) {
        flush();
    }
}

void Journal::flush() {
    const std::uint64_t first = sequence_ - waiting_.size();
    write_at(store_, file_.get(), waiting_.data(), waiting_.size() * sizeof(Record),
             sizeof(Head) + first * sizeof(Record));
    unsynced_ += waiting_.size();
    waiting_.clear();
    if (unsynced_ >= batch) {
        ::fdatasync(file_.get());
        unsynced_ = 0;
    }
}

void Journal::enter(const std::string& directory) {
    if (directory == entered_) {
        return;
    }
    // With a length in front, so that what is left of a longer one does not count.
    const std::string text = std::to_string(directory.size()) + " " + directory;
    write_at(store_, place_.get(), text.data(), text.size(), 0);
    entered_ = directory;
}

std::string Journal::pending() const {
    std::string text(4096 + 16, '\0');
    const ssize_t got = ::pread(place_.get(), text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    const std::size_t blank = text.find(' ');
    if (blank == std::string::npos || blank == 0 || blank > 5 || text.find_first_not_of("0123456789") != blank) {
        return {};
    }
    const std::size_t length = std::stoul(text.substr(0, blank));
    const std::string path = text.substr(blank + 1, length);
    // It leads into one of the trees, or nowhere.
    const bool known = path.size() == length && is_canonical(path) &&
                       std::ranges::any_of(store_.record().overlays, [&](const Overlay& overlay) {
                           return spec::is_below_or_same(path, overlay.path);
                       });
    return known ? path : std::string();
}

void Journal::finish(bool complete) {
    flush();
    if (complete) {
        head_.complete = 1;
        write_at(store_, file_.get(), &head_, sizeof head_, 0);
    }
    if (::ftruncate(place_.get(), 0) < 0 || ::fdatasync(file_.get()) < 0) {
        fail(store_, errno);
    }
    entered_.clear();
}

}  // namespace sandbox::changes
