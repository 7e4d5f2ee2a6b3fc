// The directory of the records: private to a user, and not to be forged by another one.
#pragma once

#include "sys/fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sandbox::placeholder {

/// Where records may be, in the order of preference: $XDG_RUNTIME_DIR/sandbox (of `runtime`, where that is an absolute
/// path), /run/user/UID/sandbox, /run/sandbox for root, /tmp/sandbox-UID.
[[nodiscard]] std::vector<std::string> state_paths(uid_t uid, const std::string& runtime);

/// Opens the directory of records at `path`, empty with an errno in `error` where it is none: ENOENT where nothing is
/// there, EPERM where it, or the directory that holds it, is not the caller's own or is open to others.
[[nodiscard]] sys::UniqueFd open_state(const std::string& path, int& error);

/// The same, made where it is missing.
[[nodiscard]] sys::UniqueFd make_state(const std::string& path, int& error);

/// flock(2) on the directory, for as long as the object lives: making, adopting and removing placeholders happen one
/// after the other. `ok()` is false where the directory was removed by the last owner meanwhile: to be opened again.
class Lock {
  public:
    explicit Lock(int directory) noexcept;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();
    [[nodiscard]] bool ok() const noexcept { return ok_; }

  private:
    int directory_;
    bool ok_ = false;
};

/// The names in it.
[[nodiscard]] std::vector<std::string> records_in(int directory);
/// The text of a record: of a regular file that is the caller's own and has one name; else nothing is opened for long.
[[nodiscard]] sys::UniqueFd open_record(int directory, const std::string& name);
[[nodiscard]] std::string read_record(int record);

}  // namespace sandbox::placeholder
