// See option_table.hpp.
#include "cli/option_table.hpp"

#include <algorithm>

namespace sandbox::cli {

std::string_view heading(Section section) {
    switch (section) {
        case Section::identity:
            return "Identity";
        case Section::namespaces:
            return "Namespaces";
        case Section::file_system:
            return "File system";
        case Section::network:
            return "Network";
        case Section::environment:
            return "Environment";
        case Section::process:
            return "Process";
        case Section::limits:
            return "What it may use";
        case Section::confinement:
            return "Confinement";
        case Section::information:
            return "Information";
    }
    return {};
}

const Option* find_option(std::string_view name) {
    const auto* const found = std::ranges::find(option_table, name, &Option::name);
    return found == option_table.end() ? nullptr : found;
}

}  // namespace sandbox::cli
