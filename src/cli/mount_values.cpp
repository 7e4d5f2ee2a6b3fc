// The values of options that show something: SRC:DST and its like. See values.hpp.
#include "cli/pieces.hpp"
#include "cli/quote.hpp"
#include "cli/values.hpp"
#include "spec/numbers.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::cli {
namespace {

using spec::BadValue;

/// What stands before and behind the first colon that is not escaped. The first part is unescaped.
struct Split {
    std::string first;
    std::optional<std::string_view> rest;
};

Split split_at_colon(std::string_view text) {
    Split split;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == ':' || text[at + 1] == '\\');
        if (text[at] == ':') {
            split.rest = text.substr(at + 1);
            return split;
        }
        at += escape ? 1 : 0;
        split.first += text[at];
    }
    return split;
}

/// All parts between colons that are not escaped, unescaped.
std::vector<std::string> split_at_colons(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        Split split = split_at_colon(text);
        parts.push_back(std::move(split.first));
        if (!split.rest) {
            return parts;
        }
        text = *split.rest;
    }
}

/// A target goes up to the end: colons in it need no escape.
std::string parse_target(std::string_view text) {
    const std::vector<std::string> parts = split_at_colons(text);
    // What other tools take as a flag would here be part of the target, and the source stay as open as it was.
    if (parts.back() == "ro" || parts.back() == "rw") {
        throw BadValue("a suffix does not say whether SRC is writable",
                       "--ro or --rw says it; write \\: for a colon in a path");
    }
    std::string target = parts.front();
    for (const std::string& part : std::span(parts).subspan(1)) {
        target += ":" + part;
    }
    if (target.empty()) {
        throw BadValue("DST is empty", "without the colon, SRC is shown at its own path");
    }
    return target;
}

std::uint64_t parse_tmpfs_size(std::string_view text) {
    const std::uint64_t size = spec::parse_size(text);
    if (size == 0) {
        throw BadValue("a size of 0 would mean no limit to the kernel", "leave size out for half of the memory");
    }
    return size;
}

void set_tmpfs_option(Tmpfs& tmpfs, std::string_view piece) {
    constexpr std::string_view size = "size=";
    constexpr std::string_view mode = "mode=";
    try {
        if (piece.starts_with(size) && !tmpfs.size) {
            tmpfs.size = parse_tmpfs_size(piece.substr(size.size()));
            return;
        }
        if (piece.starts_with(mode) && !tmpfs.mode) {
            tmpfs.mode = spec::parse_mode(piece.substr(mode.size()));
            return;
        }
    } catch (const BadValue& bad) {
        throw BadValue(quoted(piece) + ": " + bad.what(), bad.fix());
    }
    if (piece.starts_with(size) || piece.starts_with(mode)) {
        throw BadValue(quoted(piece) + " is given twice");
    }
    throw BadValue(quoted(piece) + " is not size=SIZE or mode=MODE", "a colon that belongs to the path is written \\:");
}

/// What stands behind FD or SRC where a target has to follow: `DST[:mode=MODE]`.
struct Place {
    std::string target;
    std::optional<std::uint32_t> mode;
};

constexpr std::string_view mode_prefix = "mode=";

std::uint32_t parse_mode_piece(std::string_view piece) {
    try {
        return spec::parse_mode(piece.substr(mode_prefix.size()));
    } catch (const BadValue& bad) {
        throw BadValue(quoted(std::string(piece)) + ": " + bad.what(), bad.fix());
    }
}

/// Where the last unescaped colon has `mode=` behind it, that is no part of the target.
Place parse_place(const Split& split, const char* form) {
    if (split.first.empty() || !split.rest) {
        throw BadValue("must be " + std::string(form));
    }
    std::vector<std::string> parts = split_at_colons(*split.rest);
    Place place;
    if (parts.size() > 1 && parts.back().starts_with(mode_prefix)) {
        place.mode = parse_mode_piece(parts.back());
        parts.pop_back();
    }
    for (const std::string& part : parts) {
        place.target += (&part == parts.data() ? "" : ":") + part;
    }
    if (place.target.empty()) {
        throw BadValue("DST is empty", form);
    }
    return place;
}

}  // namespace

Bind parse_bind(std::string_view text) {
    const Split split = split_at_colon(text);
    Bind bind;
    bind.source = split.first;
    if (bind.source.empty()) {
        throw BadValue("SRC is empty");
    }
    if (split.rest) {
        bind.target = parse_target(*split.rest);
    }
    return bind;
}

Tmpfs parse_tmpfs(std::string_view text) {
    const Split split = split_at_colon(text);
    Tmpfs tmpfs;
    tmpfs.target = split.first;
    if (tmpfs.target.empty()) {
        throw BadValue("DST is empty");
    }
    if (split.rest) {
        for_each_piece(*split.rest, ',', [&tmpfs](std::string_view piece) { set_tmpfs_option(tmpfs, piece); });
    }
    return tmpfs;
}

Directory parse_directory(std::string_view text) {
    const Split split = split_at_colon(text);
    Directory directory{split.first, {}};
    if (directory.target.empty()) {
        throw BadValue("DST is empty");
    }
    if (split.rest && !split.rest->starts_with(mode_prefix)) {
        throw BadValue(quoted(std::string(*split.rest)) + " is not mode=MODE",
                       "a colon that belongs to the path is written \\:");
    }
    if (split.rest) {
        directory.mode = parse_mode_piece(*split.rest);
    }
    return directory;
}

Symlink parse_symlink(std::string_view text) {
    const Split split = split_at_colon(text);
    if (split.first.empty() || !split.rest) {
        throw BadValue("must be TARGET:DST");
    }
    return {split.first, parse_target(*split.rest)};
}

FileCopy parse_file_copy(std::string_view text) {
    const Split split = split_at_colon(text);
    Place place = parse_place(split, "SRC:DST[:mode=MODE]");
    return {split.first, std::move(place.target), place.mode};
}

FileData parse_file_data(std::string_view text) {
    const Split split = split_at_colon(text);
    Place place = parse_place(split, "FD:DST[:mode=MODE]");
    return {spec::parse_descriptor(split.first), std::move(place.target), place.mode};
}

Device parse_device(std::string_view text, bool optional) {
    const Bind bind = parse_bind(text);
    return {bind.source, bind.target, optional};
}

}  // namespace sandbox::cli
