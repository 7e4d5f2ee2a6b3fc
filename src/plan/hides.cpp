#include "plan/hides.hpp"

#include "plan/glob.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <cstring>
#include <optional>

namespace sandbox::plan {
namespace {

// A pattern that looks at more was not meant: `/**` would read the whole disk.
constexpr std::size_t most_entries = 200'000;

class Expansion {
  public:
    Expansion(const View& view, const std::string& pattern) : view_(view), pattern_(pattern) {
        components_ = spec::components(pattern);
    }
    std::vector<std::string> take() && {
        descend("/", 0);
        return std::move(found_);
    }

  private:
    void look() {
        if (++looked_ > most_entries) {
            throw Error("cannot hide " + pattern_ + ": the pattern looks at more than " + std::to_string(most_entries) +
                        " entries")
                .with_fix("begin it with a directory that has fewer below it");
        }
    }

    void descend(const std::string& directory, std::size_t at) {
        if (at == components_.size()) {
            found_.push_back(directory);
            return;
        }
        const std::string& component = components_[at];
        if (component == "**") {
            descend_all(directory, at);
        } else if (!is_pattern(component)) {
            const std::string next = spec::join(directory, unquoted(component));
            if (at + 1 < components_.size() || view_.exists(next)) {
                descend(next, at + 1);
            }
        } else {
            for (const std::string& name : view_.list(directory)) {
                look();
                if (matches(component, name)) {
                    descend(spec::join(directory, name), at + 1);
                }
            }
        }
    }

    // No directory at all, or any below. At the end of a pattern it is everything below.
    void descend_all(const std::string& directory, std::size_t at) {
        const bool last = at + 1 == components_.size();
        if (!last) {
            descend(directory, at + 1);
        }
        for (const std::string& name : view_.list(directory)) {
            look();
            const std::string next = spec::join(directory, name);
            if (last) {
                found_.push_back(next);
            } else if (view_.is_directory(next)) {
                descend_all(next, at);
            }
        }
    }

    const View& view_;
    const std::string& pattern_;
    std::vector<std::string> components_;
    std::vector<std::string> found_;
    std::size_t looked_ = 0;
};

// The current directory is no pattern, whatever its name.
std::string quoted(const std::string& path) {
    std::string result;
    for (const char letter : path) {
        if (letter == '*' || letter == '?' || letter == '[' || letter == '\\') {
            result += '\\';
        }
        result += letter;
    }
    return result;
}

// What of the host a path names, also where it, or what is above it, is missing.
std::string real_path(const host::Tree& tree, const std::string& path) {
    if (std::optional<std::string> whole = tree.canonical(path)) {
        return *whole;
    }
    if (path == "/") {
        return path;
    }
    return spec::join(real_path(tree, spec::parent(path)), path.substr(path.rfind('/') + 1));
}

}  // namespace

std::vector<std::string> expand(const View& view, const std::string& pattern) {
    return Expansion(view, pattern).take();
}

void hide(View& view, const host::Facts& facts, const host::Tree& tree, const std::string& path, unsigned number,
          const Learnt& known, Learnt& learnt) {
    if (!path.starts_with('/') && !facts.cwd) {
        throw Error("cannot hide " + path + ": the current directory has no path: " + std::strerror(facts.cwd_error))
            .with_fix("name it by an absolute path");
    }
    if (!is_pattern(path)) {
        const std::string plain = spec::absolute(facts.cwd.value_or("/"), unquoted(path));
        view.hide(plain, false);
        // Inside, the path may be another file, or none: with --root, or where the directory stands elsewhere.
        if (view.shows_elsewhere()) {
            view.hide_host(real_path(tree, plain), false);
        }
        return;
    }
    const std::string whole = spec::absolute(quoted(facts.cwd.value_or("/")), path);
    const auto before = known.expanded.find(number);
    const std::vector<std::string> paths = before == known.expanded.end() ? expand(view, whole) : before->second;
    for (const std::string& match : paths) {
        view.hide(match, false);
    }
    learnt.expanded.emplace(number, paths);
}

}  // namespace sandbox::plan
