// The table "which layer stops what" of sandbox(7): collected by the attacks as they run.
#pragma once

#include <string>

#include "attack/attack.hpp"

namespace sandbox_attack {

/// What came of one attempt.
struct Finding {
    std::string id;
    std::string title;
    std::string attempt;
    std::string layer;  ///< what holds with seccomp and Landlock off; empty: nothing
    bool seccomp = false;
    bool landlock = false;

    /// Whether it would succeed under a setting.
    [[nodiscard]] bool opens(const Setting& setting) const {
        return layer.empty() && !(seccomp && setting.seccomp) && !(landlock && setting.landlock);
    }
};

void record(const Finding& finding);

/// The lines of mdoc(7) for all findings so far, by attack.
std::string table_of_layers();
std::string list_of_single_layers();

}  // namespace sandbox_attack
