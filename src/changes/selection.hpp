// The PATHs of a verb: which part of the changes is meant. Pure, but for how a path is found.
#pragma once

#include "changes/record.hpp"

#include <string>
#include <vector>

namespace sandbox::changes {

class Selection {
  public:
    /// All.
    Selection() = default;
    /// Throws Error for a path that is empty, or lies in none of the overlays, nor above one.
    Selection(const std::vector<std::string>& paths, const Record& record);

    /// It is one of them, or below one.
    [[nodiscard]] bool has(const std::string& path) const;
    /// One of them is below it.
    [[nodiscard]] bool leads_on(const std::string& path) const;
    /// Those.
    [[nodiscard]] std::vector<std::string> below(const std::string& path) const;
    [[nodiscard]] bool is_all() const { return paths_.empty(); }

  private:
    std::vector<std::string> paths_;
};

}  // namespace sandbox::changes
