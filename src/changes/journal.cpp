#include "changes/journal.hpp"

#include "changes/journal_sort.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

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

bool is_id(const std::array<char, 32>& id) {
    return std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::array<char, 32> random_id(const Store& store) {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        fail_to_note(store, errno);
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 32> id{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        id.at(2 * i) = digits[bytes.at(i) >> 4U];
        id.at(2 * i + 1) = digits[bytes.at(i) & 15U];
    }
    return id;
}

std::string temporary_of(const JournalHead& head) {
    return ".sandbox-apply-" + std::string(head.id.data(), head.id.size());
}

bool is_head(const JournalHead& head) {
    return head.magic == magic && is_id(head.id);
}

}  // namespace

Journal::Journal(const Store& store, Use use) : store_(store) {
    if (use == Use::looking) {
        look_into();
        return;
    }
    open();
    sort();
    map();
    temporary_ = temporary_of(head_);
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
    if (!file && is_full(errno)) {
        fail_to_note(store_, errno);
    }
    check(file.get(), name);
    if (::fchmod(file.get(), 0600) < 0) {
        fail_to_note(store_, errno);
    }
    return file.release();
}

void Journal::check(int file, const char* name) const {
    struct stat found {};
    if (file >= 0 && ::fstat(file, &found) < 0) {
        fail_to_note(store_, errno);
    }
    if (file < 0 || !S_ISREG(found.st_mode)) {
        throw Error("cannot use " + store_.name() + ": " + name + " is no file that can be written to");
    }
    // It would be another file that is written to.
    if (found.st_uid != ::geteuid() || found.st_nlink > 1) {
        throw Error("cannot use " + store_.name() + ": " + name + " is no file of the caller's own with no other name")
            .with_fix("put a copy of it in its place");
    }
}

// One that is none was cut off when it was made, or comes from elsewhere: a new one knows less, and that is all.
void Journal::open() {
    ::unlinkat(store_.directory(), new_name, 0);
    file_ = sys::UniqueFd(make(journal_name));
    const ssize_t got = ::pread(file_.get(), &head_, sizeof head_, 0);
    if (got != sizeof head_ || !is_head(head_)) {
        start_new();
    }
}

void Journal::start_new() {
    head_ = {};
    head_.magic = magic;
    head_.id = random_id(store_);
    if (::ftruncate(file_.get(), 0) < 0) {
        fail_to_note(store_, errno);
    }
    write_at(store_, file_.get(), &head_, sizeof head_, 0);
}

std::uint64_t Journal::count_records() const {
    struct stat found {};
    if (::fstat(file_.get(), &found) < 0) {
        fail_to_note(store_, errno);
    }
    return (static_cast<std::uint64_t>(found.st_size) - sizeof(JournalHead)) / sizeof(JournalRecord);
}

void Journal::sort() {
    const std::uint64_t count = count_records();
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
    const std::uint64_t left = sort_records(store_, file_.get(), count, sorted.get(), head_.complete != 0);
    head_.sorted = left;
    head_.complete = 0;
    write_at(store_, sorted.get(), &head_, sizeof head_, 0);
    if (::ftruncate(sorted.get(), static_cast<off_t>(place_of_record(left))) < 0 || ::fdatasync(sorted.get()) < 0 ||
        ::renameat(store_.directory(), new_name, store_.directory(), journal_name) < 0) {
        fail_to_note(store_, errno);
    }
    file_ = sys::UniqueFd(make(journal_name));
    sequence_ = left;
}

// One that is none, or is missing, knows nothing.
void Journal::look_into() {
    file_ = find_file(journal_name);
    if (!file_ || ::pread(file_.get(), &head_, sizeof head_, 0) != sizeof head_ || !is_head(head_)) {
        place_ = find_file(place_name);
        return;
    }
    sort_aside();
    map();
    temporary_ = temporary_of(head_);
    place_ = find_file(place_name);
    if (const std::optional<LeftOver> left = left_over()) {
        if (const sys::UniqueFd directory = open_canonical(left->directory)) {
            left_in_ = look(directory.get());
        }
    }
}

// As sort() would, in memory: DIR may be on a file system that is read-only.
void Journal::sort_aside() {
    const std::uint64_t count = count_records();
    if (count == head_.sorted) {
        return;
    }
    sys::UniqueFd sorted(sys::above_streams(::memfd_create(journal_name, MFD_CLOEXEC)));
    if (!sorted) {
        throw Error("cannot read what is noted in " + store_.name() + ": memfd_create: " + std::strerror(errno));
    }
    head_.sorted =
        count > most_entries ? 0 : sort_records(store_, file_.get(), count, sorted.get(), head_.complete != 0);
    file_ = std::move(sorted);
}

// Empty where there is none.
sys::UniqueFd Journal::find_file(const char* name) const {
    sys::UniqueFd file(sys::above_streams(
        ::openat(store_.directory(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    if (file || errno != ENOENT) {
        check(file.get(), name);
    }
    return file;
}

void Journal::map() {
    mapped_size_ = place_of_record(head_.sorted);
    mapped_ = ::mmap(nullptr, mapped_size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (mapped_ == MAP_FAILED) {
        mapped_ = nullptr;
        fail_to_note(store_, errno);
    }
    const auto* const first =
        reinterpret_cast<const JournalRecord*>(static_cast<const char*>(mapped_) + sizeof(JournalHead));
    sorted_ = std::span<const JournalRecord>(first, head_.sorted);
}

const JournalRecord* Journal::find(const Entry& entry) const {
    const Key key = key_of(entry);
    const auto found = std::ranges::lower_bound(
        sorted_, key, {}, [](const JournalRecord& record) { return std::pair(record.device, record.inode); });
    return found != sorted_.end() && std::pair(found->device, found->inode) == key ? &*found : nullptr;
}

bool Journal::knows(const Entry& entry) const {
    if (const auto recent = linked_.find(key_of(entry)); recent != linked_.end()) {
        return is_as(entry, recent->second.first, recent->second.second);
    }
    const JournalRecord* const record = find(entry);
    return record != nullptr && is_as(entry, record->kind, {record->seconds, record->nanoseconds});
}

bool Journal::is_as(const Entry& entry, Kind kind, const Timestamp& time) {
    return (kind == Kind::result && time == entry.changed) || (kind == Kind::name_goes && time == entry.modified) ||
           (kind == Kind::name_gone && !(entry.changed > time));
}

bool Journal::is_unfinished(const Entry& directory) const {
    const JournalRecord* const record = find(directory);
    return record != nullptr && record->kind == Kind::unfinished;
}

void Journal::note(const Entry& entry, bool now) {
    const bool linked = entry.links > 1 && !entry.is(S_IFDIR);
    if (linked) {
        linked_[key_of(entry)] = {Kind::result, entry.changed};
    }
    add(key_of(entry), Kind::result, entry.changed, now || linked);
}

void Journal::note_unfinished(const Entry& directory) {
    add(key_of(directory), Kind::unfinished, directory.changed, true);
}

void Journal::note_name_goes(const Entry& file) {
    add(key_of(file), Kind::name_goes, file.modified, true);
}

void Journal::note_name_goes_unseen(const Entry& file) {
    linked_[key_of(file)] = {Kind::name_goes, file.modified};
    add(key_of(file), Kind::name_goes, file.modified, false);
}

void Journal::note_names_gone(const std::set<Key>& files, const Timestamp& when) {
    for (const Key& file : files) {
        linked_[file] = {Kind::name_gone, when};
        add(file, Kind::name_gone, when, false);
    }
    flush();
}

void Journal::add(const Key& key, Kind kind, const Timestamp& time, bool now) {
    waiting_.push_back({key.first, key.second, time.seconds, sequence_++, time.nanoseconds, kind});
    if (now || waiting_.size() == lump) {
        flush();
    }
}

void Journal::flush() {
    const std::uint64_t first = sequence_ - waiting_.size();
    write_at(store_, file_.get(), waiting_.data(), waiting_.size() * sizeof(JournalRecord), place_of_record(first));
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

std::optional<LeftOver> Journal::left_over() const {
    const std::string directory = temporary_.empty() ? std::string() : pending();
    return directory.empty() ? std::nullopt : std::optional(LeftOver{directory, temporary_});
}

bool Journal::is_left_over(int directory, const std::string& name) const {
    return left_in_.exists && name == temporary_ && look(directory).is_same(left_in_);
}

void Journal::finish(bool complete) {
    flush();
    if (complete) {
        head_.complete = 1;
        write_at(store_, file_.get(), &head_, sizeof head_, 0);
    }
    if (::ftruncate(place_.get(), 0) < 0 || ::fdatasync(file_.get()) < 0) {
        fail_to_note(store_, errno);
    }
    entered_.clear();
}

}  // namespace sandbox::changes
