// What init is told of the plan, in memory that needs no more allocation: pointers into the plan, and the texts that
// the kernel or execve(2) takes as they are.
#pragma once

#include "plan/plan.hpp"
#include "run/child/child.hpp"

#include <string>
#include <vector>

namespace sandbox::run {

/// Made before the clone, and kept until the command runs: the child reads its copy. Not thread-safe.
class ProgramTexts {
  public:
    /// `plan` ends with Execute and outlives this object.
    explicit ProgramTexts(const plan::Plan& plan);
    ProgramTexts(const ProgramTexts&) = delete;
    ProgramTexts& operator=(const ProgramTexts&) = delete;
    ~ProgramTexts() = default;

    /// All that the plan says; the descriptors and what the caller chose are still to be filled in. Its pointers are
    /// into this object and the plan.
    [[nodiscard]] InitProgram program();

  private:
    const plan::Plan& plan_;
    std::vector<char*> arguments_;
    std::vector<char*> environment_;
    std::vector<char*> script_arguments_;
    std::string guest_uid_map_;
    std::string guest_gid_map_;
    std::string quota_uid_map_;
    std::string quota_gid_map_;
    std::string time_offsets_;
};

}  // namespace sandbox::run
