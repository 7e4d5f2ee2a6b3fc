#include "attack/table.hpp"

#include <map>
#include <set>
#include <vector>

#include "support/text.hpp"

namespace sandbox_attack {
namespace {

// By attack, and in the order in which they were made.
std::map<std::string, std::vector<Finding>>& findings() {
    static std::map<std::string, std::vector<Finding>> all;
    return all;
}

// In the order of the manual page.
const std::vector<std::string>& layers() {
    static const std::vector<std::string> names{"ownership",  "quotas",      "mounts",      "namespaces",
                                                "privileges", "descriptors", "environment", "limits",
                                                "init",       "launcher",    "seccomp",     "Landlock"};
    return names;
}

std::set<std::string> layers_of(const Finding& finding) {
    std::set<std::string> set;
    if (!finding.layer.empty()) {
        set.insert(finding.layer);
    }
    if (finding.seccomp) {
        set.insert("seccomp");
    }
    if (finding.landlock) {
        set.insert("Landlock");
    }
    return set;
}

std::string listed(const std::set<std::string>& set) {
    std::string text;
    for (const std::string& layer : layers()) {
        if (set.contains(layer)) {
            text += (text.empty() ? "" : ", ") + layer;
        }
    }
    return text;
}

// Lines of at most 80 bytes, as mandoc(1) asks for.
std::string wrapped(const std::string& text) {
    std::string lines;
    std::string line;
    for (const std::string& word : sandbox_test::words_of(text)) {
        if (!line.empty() && line.size() + 1 + word.size() > 79) {
            lines += line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return lines + line + "\n";
}

}  // namespace

void record(const Finding& finding) {
    bool known = false;
    for (const std::string& layer : layers()) {
        known = known || layer == finding.layer;
    }
    EXPECT_TRUE(known || finding.layer.empty()) << finding.layer << " is no layer of the manual page";
    findings()[finding.id].push_back(finding);
}

std::string table_of_layers() {
    std::string text = ".Bl -column \"A00\" \"1234567890123456789012345678901234567\"";
    std::string heading = ".It Sy # Ta Sy Attack";
    for (std::size_t i = 1; i < settings().size(); ++i) {
        text += " \"holds\"";
        heading += " Ta Sy " + std::string(settings()[i].column);
    }
    text += " \"layers\"\n" + heading + " Ta Sy Layers\n";
    for (const auto& [id, attempts] : findings()) {
        text += ".It " + id + " Ta \"" + attempts.front().title + "\"";
        for (std::size_t i = 1; i < settings().size(); ++i) {
            bool opens = false;
            for (const Finding& finding : attempts) {
                opens = opens || finding.opens(settings()[i]);
            }
            text += opens ? " Ta opens" : " Ta holds";
        }
        std::set<std::string> all;
        for (const Finding& finding : attempts) {
            all.merge(layers_of(finding));
        }
        text += " Ta " + listed(all) + "\n";
    }
    return text + ".El\n";
}

std::string list_of_single_layers() {
    std::map<std::string, std::string> alone;
    for (const auto& [id, attempts] : findings()) {
        std::map<std::string, std::string> names;
        bool alone_all = true;
        for (const Finding& finding : attempts) {
            const std::set<std::string> set = layers_of(finding);
            if (set.size() == 1) {
                std::string& list = names[*set.begin()];
                list += (list.empty() ? "" : ", ") + finding.attempt;
            } else {
                alone_all = false;
            }
        }
        const bool all_of_one = names.size() == 1 && alone_all;
        for (const auto& [layer, list] : names) {
            alone[layer] += wrapped(id + ": " + (all_of_one ? "all of it" : list) + ".");
        }
    }
    std::string text = ".Bl -tag -width descriptors\n";
    for (const std::string& layer : layers()) {
        if (alone.contains(layer)) {
            text += ".It " + layer + "\n" + alone[layer];
        }
    }
    return text + ".El\n";
}

}  // namespace sandbox_attack
