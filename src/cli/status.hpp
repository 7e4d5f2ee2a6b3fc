// --status-fd: what becomes of the sandbox, for programs. One JSON object a line; nobody inside has the descriptor.
#pragma once

#include <sandbox/process.hpp>

#include <string>

namespace sandbox::cli {

/// `{"event":"ready","pid":N,"namespaces":{"mnt":INODE,...}}`: the command is executing; its pid as the caller sees it,
/// and the inodes of its namespaces (proc_pid_ns(5)), as far as the kernel has them.
[[nodiscard]] std::string ready_line(pid_t pid, const Trace& trace);
/// `{"event":"ended","exit":N}`, with `"signal":N` behind it where one ended the command.
[[nodiscard]] std::string ended_line(const Outcome& outcome);
/// `{"event":"failed","exit":N}`: the command did not come to run.
[[nodiscard]] std::string failed_line(int exit_status);

/// The descriptor of --status-fd, which becomes close-on-exec. Throws Error where it cannot be written to.
class StatusLines {
  public:
    explicit StatusLines(int descriptor);
    /// Whole, or not at all: a reader that is gone is no reason for the command to end.
    void write(const std::string& line) const;

  private:
    int descriptor_;
};

}  // namespace sandbox::cli
