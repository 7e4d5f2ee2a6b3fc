#include "spec/passwd.hpp"

#include "spec/numbers.hpp"

#include <array>

namespace sandbox::spec {
namespace {

// name:password:UID:GID:GECOS:directory:shell, and name:password:GID:members
using Fields = std::array<std::string_view, 7>;

std::string_view next(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return part;
}

Fields split(std::string_view line) {
    Fields fields;
    for (std::string_view& field : fields) {
        field = next(line, ':');
    }
    return fields;
}

// The first line whose field `index` is `wanted`.
std::optional<Fields> find(std::string_view text, std::size_t index, std::string_view wanted) {
    while (!text.empty()) {
        const Fields fields = split(next(text, '\n'));
        if (fields.at(index) == wanted) {
            return fields;
        }
    }
    return std::nullopt;
}

std::optional<PasswdEntry> entry(const std::optional<Fields>& fields) {
    if (!fields) {
        return std::nullopt;
    }
    const std::optional<std::uint32_t> uid = id_of((*fields)[2]);
    const std::optional<std::uint32_t> gid = id_of((*fields)[3]);
    if (!uid || !gid) {
        return std::nullopt;
    }
    return PasswdEntry{std::string((*fields)[0]), *uid, *gid, std::string((*fields)[5])};
}

}  // namespace

std::optional<std::uint32_t> id_of(std::string_view text) {
    try {
        return parse_id(text);
    } catch (const BadValue&) {
        return std::nullopt;
    }
}

std::optional<PasswdEntry> find_user(std::string_view passwd, std::uint32_t uid) {
    return entry(find(passwd, 2, std::to_string(uid)));
}

std::optional<PasswdEntry> find_user(std::string_view passwd, std::string_view name) {
    return name.empty() ? std::nullopt : entry(find(passwd, 0, name));
}

std::optional<std::uint32_t> find_group(std::string_view group, std::string_view name) {
    const std::optional<Fields> fields = name.empty() ? std::nullopt : find(group, 0, name);
    return fields ? id_of((*fields)[2]) : std::nullopt;
}

std::vector<std::uint32_t> groups_with(std::string_view group, std::string_view user) {
    std::vector<std::uint32_t> found;
    while (!group.empty()) {
        const Fields fields = split(next(group, '\n'));
        const std::optional<std::uint32_t> gid = id_of(fields[2]);
        for (std::string_view members = fields[3]; gid && !members.empty();) {
            if (next(members, ',') == user && !user.empty()) {
                found.push_back(*gid);
                break;
            }
        }
    }
    return found;
}

std::optional<std::string> passwd_name(std::string_view text, std::uint32_t id) {
    const std::optional<Fields> fields = find(text, 2, std::to_string(id));
    return fields ? std::optional<std::string>((*fields)[0]) : std::nullopt;
}

std::string passwd_home(std::string_view text, std::uint32_t uid) {
    const std::optional<Fields> fields = find(text, 2, std::to_string(uid));
    return fields ? std::string((*fields)[5]) : std::string();
}

}  // namespace sandbox::spec
