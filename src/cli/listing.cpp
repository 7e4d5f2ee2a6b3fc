#include "cli/listing.hpp"

#include "cli/inspection.hpp"
#include "cli/quote.hpp"
#include "cli/table.hpp"
#include "json/json.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>
#include <vector>

namespace sandbox::cli {
namespace {

// Time is the host's unless it was asked for: it is not worth a word.
std::string shared_text(const NamedSandbox& sandbox) {
    std::string text;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        if (row.kind != Namespace::time && !sandbox.fresh.contains(row.kind)) {
            text += (text.empty() ? "" : ",") + std::string(row.name);
        }
    }
    return text.empty() ? "-" : text;
}

std::string arguments_text(const NamedSandbox& sandbox) {
    return spec::escaped(command_line(sandbox.arguments));
}

}  // namespace

std::string age_text(std::int64_t seconds) {
    constexpr std::int64_t minute = 60;
    constexpr std::int64_t hour = 60 * minute;
    constexpr std::int64_t day = 24 * hour;
    seconds = std::max<std::int64_t>(seconds, 0);
    if (seconds < minute) {
        return std::to_string(seconds) + "s";
    }
    if (seconds < hour) {
        return std::to_string(seconds / minute) + "m";
    }
    return seconds < day ? std::to_string(seconds / hour) + "h" : std::to_string(seconds / day) + "d";
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t step = 1024;
    constexpr std::array<char, 4> units = {'K', 'M', 'G', 'T'};
    std::uint64_t unit = step;
    std::size_t at = 0;
    while (at + 1 < units.size() && bytes >= unit * step) {
        unit *= step;
        ++at;
    }
    const std::uint64_t tenths = bytes * 10 / unit;
    std::string text = std::to_string(tenths / 10);
    if (at > 0 && tenths < 1000) {
        text += "." + std::to_string(tenths % 10);
    }
    return text + units.at(at);
}

std::string list_table(std::span<const NamedSandbox> sandboxes) {
    std::vector<Row> rows = {{"NAME", "PID", "USER", "MEMORY", "AGE", "SHARED", "COMMAND"}};
    const std::int64_t now = std::time(nullptr);
    for (const NamedSandbox& sandbox : sandboxes) {
        rows.push_back({sandbox.name, std::to_string(sandbox.command), std::to_string(sandbox.user),
                        size_text(live_usage(sandbox).memory), age_text(now - sandbox.started), shared_text(sandbox),
                        arguments_text(sandbox)});
    }
    return table_text(rows);
}

std::string namespaces_table(std::span<const NamedSandbox> sandboxes) {
    std::vector<Row> rows = {{"NS", "TYPE", "HOST", "PID", "NAME", "COMMAND"}};
    for (const NamedSandbox& sandbox : sandboxes) {
        for (const spec::NamespaceRow& row : spec::namespace_table) {
            const NamespaceInode& inode = sandbox.namespaces.at(static_cast<std::size_t>(row.kind));
            if (inode.inside != 0) {
                rows.push_back({std::to_string(inode.inside), row.name,
                                inode.inside == inode.outside ? "same" : std::to_string(inode.outside),
                                std::to_string(sandbox.command), sandbox.name, arguments_text(sandbox)});
            }
        }
    }
    return table_text(rows);
}

std::string list_json(std::span<const NamedSandbox> sandboxes) {
    json::Json list = json::array();
    for (const NamedSandbox& sandbox : sandboxes) {
        list.add(inspection_tree(sandbox));
    }
    return json::write_json_lines(list);
}

}  // namespace sandbox::cli
