#include "host/subids.hpp"

#include "host/tree.hpp"
#include "sys/program.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace sandbox::host {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && at == end && !text.empty() ? std::optional(value) : std::nullopt;
}

void add(std::vector<IdBlock>& blocks, std::string_view start, std::string_view count) {
    const std::optional<std::uint32_t> first = number(start);
    const std::optional<std::uint32_t> length = number(count);
    if (first && length && *length > 0 &&
        std::uint64_t{*first} + *length <= std::numeric_limits<std::uint32_t>::max()) {
        blocks.push_back({*first, *length});
    }
}

std::string_view next_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return line;
}

}  // namespace

std::vector<IdBlock> parse_subids(std::string_view text, std::string_view name, std::uint32_t uid) {
    std::vector<IdBlock> blocks;
    const std::string own = std::to_string(uid);
    while (!text.empty()) {
        const std::string_view line = next_line(text);
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) {
            continue;
        }
        const std::string_view owner = line.substr(0, first);
        if (owner == own || (!name.empty() && owner == name)) {
            add(blocks, line.substr(first + 1, second - first - 1), line.substr(second + 1));
        }
    }
    return blocks;
}

std::vector<IdBlock> parse_getsubids(std::string_view text) {
    std::vector<IdBlock> blocks;
    while (!text.empty()) {
        // From the end: a name may hold anything.
        std::string_view line = next_line(text);
        std::array<std::string_view, 2> last;
        for (std::string_view& word : last) {
            const std::size_t blank = line.rfind(' ');
            if (blank == std::string_view::npos) {
                break;
            }
            word = line.substr(blank + 1);
            line = line.substr(0, blank);
        }
        add(blocks, last[1], last[0]);
    }
    return blocks;
}

Subordinate find_subordinate(bool groups, const std::string& name, std::uint32_t uid) {
    Subordinate found;
    found.file = groups ? "/etc/subgid" : "/etc/subuid";
    if (!name.empty()) {
        const std::vector<std::string> arguments =
            groups ? std::vector<std::string>{"-g", name} : std::vector<std::string>{name};
        if (const std::optional<sys::ProgramResult> said = sys::run_program("getsubids", arguments)) {
            found.blocks = parse_getsubids(said->output);
            found.asked = "getsubids";
        }
    }
    if (found.blocks.empty()) {
        found.blocks = parse_subids(read_text(found.file), name, uid);
        found.asked = found.file;
    }
    return found;
}

}  // namespace sandbox::host
