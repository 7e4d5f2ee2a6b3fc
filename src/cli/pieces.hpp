// A value in pieces. Pure.
#pragma once

#include <string_view>

namespace sandbox::cli {

/// Calls `take` with each piece between separators; `a,,b` has an empty one.
template <class Take>
void for_each_piece(std::string_view text, char separator, Take take) {
    for (;;) {
        const std::size_t end = text.find(separator);
        take(text.substr(0, end));
        if (end == std::string_view::npos) {
            return;
        }
        text.remove_prefix(end + 1);
    }
}

}  // namespace sandbox::cli
