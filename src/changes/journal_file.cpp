#include "changes/journal_file.hpp"

#include "changes/entry.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <unistd.h>

namespace sandbox::changes {

void fail_to_note(const Store& store, int error) {
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
            fail_to_note(store, errno);
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
}

void read_records(const Store& store, int file, std::span<JournalRecord> records, std::uint64_t first) {
    const std::span<std::byte> bytes = std::as_writable_bytes(records);
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t got =
            ::pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(place_of_record(first) + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            fail_to_note(store, got == 0 ? EIO : errno);
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
}

}  // namespace sandbox::changes
