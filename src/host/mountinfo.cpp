#include "host/mountinfo.hpp"

#include "spec/paths.hpp"

#include <optional>
#include <utility>

namespace sandbox::host {
namespace {

bool is_octal(char digit) {
    return digit >= '0' && digit <= '7';
}

std::string unescaped(std::string_view field) {
    std::string text;
    for (std::size_t at = 0; at < field.size(); ++at) {
        const bool escape = field[at] == '\\' && at + 3 < field.size() && is_octal(field[at + 1]) &&
                            is_octal(field[at + 2]) && is_octal(field[at + 3]);
        if (!escape) {
            text += field[at];
            continue;
        }
        text += static_cast<char>((field[at + 1] - '0') * 64 + (field[at + 2] - '0') * 8 + (field[at + 3] - '0'));
        at += 3;
    }
    return text;
}

std::optional<MountEntry> parse_line(std::string_view line) {
    std::string_view fields[5];
    for (std::string_view& field : fields) {
        const std::size_t end = line.find(' ');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        field = line.substr(0, end);
        line.remove_prefix(end + 1);
    }
    const std::string_view options = line.substr(0, line.find(' '));
    const bool nodev = ("," + std::string(options) + ",").find(",nodev,") != std::string::npos;
    // Options and optional fields, a lone dash, the type.
    constexpr std::string_view separator = " - ";
    const std::size_t dash = line.find(separator);
    const std::string_view behind =
        dash == std::string_view::npos ? std::string_view() : line.substr(dash + separator.size());
    return MountEntry{std::string(fields[2]), unescaped(fields[3]), unescaped(fields[4]),
                      std::string(behind.substr(0, behind.find(' '))), nodev};
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
    std::vector<MountEntry> entries;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (std::optional<MountEntry> entry = parse_line(text.substr(0, end))) {
            entries.push_back(std::move(*entry));
        }
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return entries;
}

const MountEntry* mount_holding(std::span<const MountEntry> mounts, std::string_view path) {
    const MountEntry* holder = nullptr;
    for (const MountEntry& mount : mounts) {
        // Of two at the same place the later one covers the other.
        if (spec::is_below_or_same(path, mount.target) &&
            (holder == nullptr || mount.target.size() >= holder->target.size())) {
            holder = &mount;
        }
    }
    return holder;
}

}  // namespace sandbox::host
