#include "support/namespaces.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/run.hpp"
#include "support/text.hpp"

namespace sandbox_test {

Namespaces namespaces_of(const std::string& process) {
    Namespaces namespaces;
    for (const char* kind : namespace_kinds) {
        namespaces[kind] = std::filesystem::read_symlink("/proc/" + process + "/ns/" + kind).string();
    }
    return namespaces;
}

Namespaces namespaces_inside(const std::vector<std::string>& options) {
    const Result result = inside_shell(
        "cd /proc/self/ns && for kind in mnt pid uts ipc net cgroup user time; do readlink $kind || exit 1; done",
        {.sandbox = options});
    EXPECT_EQ(result.exit_status, 0) << result;
    const std::vector<std::string> links = lines_of(result.out);
    EXPECT_EQ(links.size(), namespace_kinds.size()) << result;
    Namespaces namespaces;
    for (const std::string& link : links) {
        namespaces[link.substr(0, link.find(':'))] = link;
    }
    return namespaces;
}

std::set<std::string> different(const Namespaces& one, const Namespaces& other) {
    std::set<std::string> kinds;
    for (const char* kind : namespace_kinds) {
        if (one.at(kind) != other.at(kind)) {
            kinds.insert(kind);
        }
    }
    return kinds;
}

std::string listed(const std::set<std::string>& kinds) {
    std::string text;
    for (const std::string& kind : kinds) {
        text += (text.empty() ? "" : " ") + kind;
    }
    return text;
}

}  // namespace sandbox_test
