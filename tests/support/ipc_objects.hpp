// IPC objects of the host, one of each kind.
#pragma once

#include <sys/types.h>

#include <string>

namespace sandbox_test {

/// A System V shared memory, semaphore and queue, and a POSIX shared memory, semaphore and queue, that exist as long as
/// it does. Throws when one cannot be made.
class IpcObjects {
  public:
    IpcObjects();
    IpcObjects(const IpcObjects&) = delete;
    IpcObjects& operator=(const IpcObjects&) = delete;
    ~IpcObjects();

    /// As the probe `ipc` takes them.
    [[nodiscard]] std::string key() const { return std::to_string(key_); }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    key_t key_;
    std::string name_;
    int memory_ = -1;
    int semaphore_ = -1;
    int queue_ = -1;
};

}  // namespace sandbox_test
