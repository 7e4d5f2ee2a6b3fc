#include "changes/record.hpp"

#include "json/json.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace sandbox::changes {
namespace {

using json::Json;

constexpr std::size_t most_bytes = std::size_t{32} << 20U;
constexpr std::uint32_t nanoseconds_of_a_second = 1'000'000'000;
constexpr std::size_t most_ranges = 340;  // that the kernel takes in a map

// FNV-1a. It tells what was edited by mistake; nobody else can write the file.
std::string checksum(std::string_view text) {
    std::uint64_t sum = 0xcbf29ce484222325U;
    for (const char byte : text) {
        sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    }
    constexpr std::string_view hexadecimal = "0123456789abcdef";
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) {
        digits += hexadecimal[(sum >> static_cast<unsigned>(shift)) & 15U];
    }
    return digits;
}

Json ranges_json(const std::vector<IdRange>& ranges) {
    Json list = json::array();
    for (const IdRange& range : ranges) {
        list.add(json::array()
                     .add(json::number(range.inside))
                     .add(json::number(range.outside))
                     .add(json::number(range.count)));
    }
    return list;
}

Json overlay_json(const Overlay& overlay) {
    return json::object()
        .add("path", json::text(overlay.path))
        .add("number", json::number(overlay.number))
        .add("mode", json::number(overlay.root.mode))
        .add("uid", json::number(overlay.root.uid))
        .add("gid", json::number(overlay.root.gid))
        .add("device", json::number(overlay.seen.device))
        .add("inode", json::number(overlay.seen.inode));
}

Json record_json(const Record& record) {
    Json overlays = json::array();
    for (const Overlay& overlay : record.overlays) {
        overlays.add(overlay_json(overlay));
    }
    return json::object()
        .add("format", json::number(record_format))
        .add("began", json::object()
                          .add("sec", json::integer(record.began.seconds))
                          .add("nsec", json::number(record.began.nanoseconds)))
        .add("uid", json::number(record.uid))
        .add("gid", json::number(record.gid))
        .add("users", ranges_json(record.users))
        .add("groups", ranges_json(record.groups))
        .add("overlays", std::move(overlays));
}

const Json& need(const Json& object, std::string_view key) {
    const Json* const value = object.find(key);
    if (value == nullptr) {
        throw BadRecord("has no \"" + std::string(key) + "\"");
    }
    return *value;
}

template <class Number>
Number number(const Json& value, std::string_view key) {
    if (value.kind != Json::Kind::number || value.number > std::numeric_limits<Number>::max()) {
        throw BadRecord("has a \"" + std::string(key) + "\" that is no such number");
    }
    return static_cast<Number>(value.number);
}

template <class Number>
Number number_of(const Json& object, std::string_view key) {
    return number<Number>(need(object, key), key);
}

const std::vector<Json>& items(const Json& object, std::string_view key, std::size_t most) {
    const Json& list = need(object, key);
    if (list.kind != Json::Kind::array || list.items.size() > most) {
        throw BadRecord("has a \"" + std::string(key) + "\" that is no such list");
    }
    return list.items;
}

std::vector<IdRange> ranges(const Json& object, std::string_view key) {
    std::vector<IdRange> result;
    for (const Json& item : items(object, key, most_ranges)) {
        if (item.kind != Json::Kind::array || item.items.size() != 3) {
            throw BadRecord("has \"" + std::string(key) + "\" that are no extents");
        }
        const IdRange range = {number<std::uint32_t>(item.items[0], key), number<std::uint32_t>(item.items[1], key),
                               number<std::uint32_t>(item.items[2], key)};
        constexpr std::uint32_t end = std::numeric_limits<std::uint32_t>::max();  // no id: (uid_t)-1
        if (range.count == 0 || range.count > end - range.inside || range.count > end - range.outside) {
            throw BadRecord("has \"" + std::string(key) + "\" that are no extents");
        }
        result.push_back(range);
    }
    return result;
}

Overlay overlay_of(const Json& value) {
    const std::optional<std::string> path = json::text_of(need(value, "path"));
    if (!path || !is_canonical(*path)) {
        throw BadRecord("has a \"path\" that is none");
    }
    Overlay overlay;
    overlay.path = *path;
    overlay.number = number_of<unsigned>(value, "number");
    overlay.root = {number_of<mode_t>(value, "mode"), number_of<uid_t>(value, "uid"), number_of<gid_t>(value, "gid")};
    if (value.find("inode") != nullptr) {  // not in those of before
        overlay.seen = {number_of<dev_t>(value, "device"), number_of<ino_t>(value, "inode")};
    }
    if (overlay.number >= most_overlays || overlay.root.mode > 07777) {
        throw BadRecord("has an overlay that cannot be one");
    }
    return overlay;
}

std::vector<Overlay> overlays(const Json& root) {
    std::vector<Overlay> result;
    std::set<std::string> paths;
    std::set<unsigned> numbers;
    for (const Json& item : items(root, "overlays", most_overlays)) {
        Overlay overlay = overlay_of(item);
        if (!paths.insert(overlay.path).second || !numbers.insert(overlay.number).second) {
            throw BadRecord("has an overlay twice");
        }
        result.push_back(std::move(overlay));
    }
    return result;
}

Record record_of(const Json& root) {
    Record record;
    const Json& began = need(root, "began");
    record.began = {number_of<std::int64_t>(began, "sec"), number_of<std::uint32_t>(began, "nsec")};
    if (record.began.nanoseconds >= nanoseconds_of_a_second) {
        throw BadRecord("has a \"nsec\" that is no such number");
    }
    record.uid = number_of<uid_t>(root, "uid");
    record.gid = number_of<gid_t>(root, "gid");
    record.users = ranges(root, "users");
    record.groups = ranges(root, "groups");
    record.overlays = overlays(root);
    return record;
}

void check_format(const Json& root) {
    const Json* const format = root.find("format");
    if (format == nullptr || format->kind != Json::Kind::number) {
        throw BadRecord("has no \"format\"");
    }
    if (format->number != record_format) {
        throw BadRecord("has format " + std::to_string(format->number) + ", and this program knows format " +
                            std::to_string(record_format),
                        true);
    }
}

}  // namespace

bool is_canonical(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos || path.size() > 4095) {
        return false;
    }
    if (path == "/") {
        return true;
    }
    const std::string around = std::string(path) + "/";
    return std::ranges::none_of(std::array{"//", "/./", "/../"},
                                [&](const char* part) { return around.find(part) != std::string::npos; });
}

std::string record_text(const Record& record) {
    Json root = record_json(record);
    root.add("sum", json::text(checksum(json::write_json(root))));
    return json::write_json_lines(root);
}

Record parse_record(std::string_view text) {
    Json root;
    try {
        root = json::parse_json(text, most_bytes);
    } catch (const json::BadText& bad) {
        throw BadRecord(std::string("is damaged: ") + bad.what());
    }
    check_format(root);
    Record record = record_of(root);
    // Nothing but what was asked for, and all of it as it was written.
    if (record_text(record) != text) {
        throw BadRecord("was edited");
    }
    return record;
}

}  // namespace sandbox::changes
