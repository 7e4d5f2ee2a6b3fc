#include "spec/passwd.hpp"

#include <array>

namespace sandbox::spec {
namespace {

// name:password:UID:GID:GECOS:directory:shell
using Fields = std::array<std::string_view, 7>;

std::optional<Fields> find(std::string_view text, std::uint32_t uid) {
    const std::string wanted = std::to_string(uid);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        Fields fields;
        for (std::string_view& field : fields) {
            const std::size_t colon = line.find(':');
            field = line.substr(0, colon);
            line = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        }
        if (fields[2] == wanted) {
            return fields;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> passwd_name(std::string_view text, std::uint32_t uid) {
    const std::optional<Fields> fields = find(text, uid);
    return fields ? std::optional<std::string>((*fields)[0]) : std::nullopt;
}

std::string passwd_home(std::string_view text, std::uint32_t uid) {
    const std::optional<Fields> fields = find(text, uid);
    return fields ? std::string((*fields)[5]) : std::string();
}

}  // namespace sandbox::spec
