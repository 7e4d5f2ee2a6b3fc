// /proc/self/mountinfo: the names in it are anybody's who can mount.
#include "fuzz/fuzz.hpp"

#include "host/mountinfo.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sandbox_fuzz {
namespace {

using sandbox::host::MountEntry;

/// As the kernel writes it: blank, tab, newline and backslash are octal.
std::string escaped(const std::string& path) {
    std::string text;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
            text += '\\';
            text += static_cast<char>('0' + byte / 64);
            text += static_cast<char>('0' + byte / 8 % 8);
            text += static_cast<char>('0' + byte % 8);
        } else {
            text += c;
        }
    }
    return text;
}

std::string line_of(const MountEntry& entry) {
    return "36 35 " + entry.device + " " + escaped(entry.root) + " " + escaped(entry.target) +
           " rw,noatime shared:1 - " + entry.type + " none rw\n";
}

bool same(const MountEntry& a, const MountEntry& b) {
    return a.device == b.device && a.root == b.root && a.target == b.target && a.type == b.type;
}

}  // namespace

void mountinfo(std::string_view text) {
    const std::vector<MountEntry> entries = sandbox::host::parse_mountinfo(text);
    must(entries.size() <= static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1, "a line is one entry at most");

    std::string again;
    for (const MountEntry& entry : entries) {
        must((entry.device + entry.type).find_first_of(" \n") == std::string::npos, "fields end at blanks");
        again += line_of(entry);
    }
    const std::vector<MountEntry> reread = sandbox::host::parse_mountinfo(again);
    must(std::ranges::equal(entries, reread, same), "what was read is read again from what the kernel would write");
}

}  // namespace sandbox_fuzz
