// A descriptor of the caller's that something is told on, and that nobody inside gets.
#pragma once

#include <string>

namespace sandbox::report {

/// Makes it close-on-exec. Throws Error, which begins with `option`, where it cannot be written to.
void keep_for_writing(const std::string& option, int descriptor);

/// All of the text, or an errno. A reader that is gone is no reason for a signal.
[[nodiscard]] int write_all(int descriptor, const std::string& text) noexcept;

}  // namespace sandbox::report
