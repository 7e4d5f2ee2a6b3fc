// What the host is judged by.
#pragma once

#include <string>

namespace sandbox_attack {

/// Everything below a directory that another could have changed: names, modes, sizes, times, texts.
std::string snapshot(const std::string& directory);

}  // namespace sandbox_attack
