// Files with several names, on their way to the host: which of the names was put there first.
#pragma once

#include "changes/entry.hpp"
#include "changes/walk.hpp"

#include <map>
#include <string>
#include <utility>

namespace sandbox::changes {

class Names {
  public:
    struct First {
        std::string path;
        Entry file;
        bool differs;  ///< it may be told from the upper one
    };

    /// Null for what has no other name, or none that came before.
    [[nodiscard]] const First* first_of(const Item& item) const;
    /// Whether its name is to be one of a file that has another name already, and is not.
    [[nodiscard]] bool is_of_another(const Item& item) const;
    void remember(const Item& item, const Entry& result, bool differs);

  private:
    std::map<std::pair<dev_t, ino_t>, First> firsts_;  ///< by the upper one
};

}  // namespace sandbox::changes
