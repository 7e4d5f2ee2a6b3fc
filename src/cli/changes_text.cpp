#include "cli/changes_text.hpp"

#include "json/json.hpp"
#include "spec/escape.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace sandbox::cli {
namespace {

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view plain = "\x1b[m";

std::string_view colour_of(ChangeKind kind) {
    switch (kind) {
        case ChangeKind::added:
            return green;
        case ChangeKind::deleted:
            return red;
        case ChangeKind::modified:
        case ChangeKind::unlinked:
            return yellow;
        case ChangeKind::type:
        case ChangeKind::mode:
        case ChangeKind::symlink:
            break;
    }
    return cyan;
}

std::string octal(mode_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3) {
        digits += static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7U));
    }
    return digits;
}

std::string from_to(const std::string& before, const std::string& after) {
    return before + " -> " + after;
}

std::string owner_of(const ChangedFile& file) {
    return std::to_string(file.uid) + ":" + std::to_string(file.gid);
}

bool is_plain(FileType type) {
    return type == FileType::file || type == FileType::directory;
}

std::string or_none(const std::string& capabilities) {
    return capabilities.empty() ? "no capabilities" : spec::escaped(capabilities);
}

std::string details(const Change& change) {
    std::string text;
    const auto add = [&](const std::string& detail) { text += (text.empty() ? "" : ", ") + detail; };
    if (change.kind == ChangeKind::type) {
        add(from_to(name_of(change.before.type), name_of(change.after.type)));
    }
    if (change.kind == ChangeKind::added && !is_plain(change.after.type) && change.after.type != FileType::symlink) {
        add(name_of(change.after.type));
    }
    const bool another = change.kind == ChangeKind::added || change.kind == ChangeKind::type;
    if (another && change.after.type == FileType::symlink) {
        add("-> " + spec::escaped(change.after.target));
    }
    // What whoever looks at a list must not miss: whose powers somebody gets who runs it.
    const bool runs_other = another || change.content || change.owner;
    constexpr mode_t id_bits = S_ISUID | S_ISGID;
    if (runs_other && (change.after.mode & id_bits) != 0 && !change.mode) {
        add(octal(change.after.mode));
    }
    if (change.kind == ChangeKind::symlink) {
        add(from_to(spec::escaped(change.before.target), spec::escaped(change.after.target)));
    }
    if (change.mode) {
        add(from_to(octal(change.before.mode), octal(change.after.mode)));
    }
    if (change.owner) {
        add(from_to(owner_of(change.before), owner_of(change.after)));
    }
    const std::string& capabilities = change.after.capabilities;
    if (!another && change.after.type == FileType::file && change.before.capabilities != capabilities) {
        add(from_to(or_none(change.before.capabilities), or_none(capabilities)));
    } else if (runs_other && !capabilities.empty()) {
        add(or_none(capabilities));
    }
    if (change.attributes) {
        add("attributes");
    }
    if (change.time && change.kind == ChangeKind::mode) {
        add("time");
    }
    return text.empty() ? text : " (" + text + ")";
}

std::string shown_path(const Change& change) {
    const ChangedFile& file = change.after.type == FileType::none ? change.before : change.after;
    const std::string path = spec::escaped(change.path);
    return file.type == FileType::directory && path != "/" ? path + "/" : path;
}

json::Json side_json(const ChangedFile& file) {
    if (file.type == FileType::none) {
        return {};
    }
    json::Json side = json::object();
    side.add("type", json::text(name_of(file.type)));
    side.add("mode", json::text(octal(file.mode)));
    side.add("uid", json::number(file.uid)).add("gid", json::number(file.gid)).add("size", json::number(file.size));
    if (file.type == FileType::symlink) {
        side.add("target", json::text(file.target));
    }
    if (!file.capabilities.empty()) {
        side.add("capabilities", json::text(file.capabilities));
    }
    return side;
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    std::uint64_t tenths = bytes * 10;
    for (; tenths >= 10240 && unit + 1 < units.size(); ++unit) {
        tenths /= 1024;
    }
    return std::to_string(tenths / 10) + (unit == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + units.at(unit);
}

}  // namespace

std::string change_line(const Change& change, bool colours) {
    std::string kind = name_of(change.kind);
    kind.resize(10, ' ');
    const std::string text = kind + shown_path(change) + details(change);
    return (colours ? std::string(colour_of(change.kind)) + text + std::string(plain) : text) + "\n";
}

std::string change_json(const Change& change) {
    json::Json object = json::object();
    object.add("change", json::text(name_of(change.kind))).add("path", json::text(change.path));
    object.add("before", side_json(change.before)).add("after", side_json(change.after));
    json::Json what = json::array();
    for (const auto& [name, differs] :
         {std::pair{"content", change.content}, std::pair{"mode", change.mode}, std::pair{"owner", change.owner},
          std::pair{"time", change.time}, std::pair{"attributes", change.attributes}}) {
        if (differs) {
            what.add(json::text(name));
        }
    }
    object.add("differs", std::move(what));
    if (!change.patch.empty()) {
        object.add("patch", json::text(change.patch));
    }
    return json::write_json_ascii(object);
}

std::string counts_text(const ChangeCounts& counts) {
    std::string text;
    for (std::size_t kind = 0; kind < change_kinds; ++kind) {
        if (const std::uint64_t count = counts.of.at(kind); count > 0) {
            text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name_of(static_cast<ChangeKind>(kind));
        }
    }
    return text.empty() ? "nothing" : text;
}

std::string stat_text(const ChangeCounts& counts, std::uint64_t bytes_before, std::uint64_t bytes_after) {
    std::string text;
    for (std::size_t kind = 0; kind < change_kinds; ++kind) {
        if (const std::uint64_t count = counts.of.at(kind); count > 0) {
            std::string name = name_of(static_cast<ChangeKind>(kind));
            name.resize(10, ' ');
            text += name + std::to_string(count) + "\n";
        }
    }
    return text.empty() ? text
                        : text + "size      " + from_to(bytes_text(bytes_before), bytes_text(bytes_after)) + "\n";
}

std::string note_line(const ChangeNote& note) {
    return "sandbox: " + spec::escaped(note.path) + ": " + spec::escaped(note.text) + "\n";
}

std::string patch_text(const std::string& patch, bool colours) {
    if (!colours) {
        return patch;
    }
    std::string text;
    for (std::size_t start = 0; start < patch.size();) {
        const std::size_t end = std::min(patch.find('\n', start), patch.size());
        const std::string_view line = std::string_view(patch).substr(start, end - start);
        const std::string_view colour = line.starts_with("@@")  ? cyan
                                        : line.starts_with('+') ? green
                                        : line.starts_with('-') ? red
                                                                : "";
        text += std::string(colour) + std::string(line) + (colour.empty() ? "" : std::string(plain)) + "\n";
        start = end + 1;
    }
    return text;
}

}  // namespace sandbox::cli
