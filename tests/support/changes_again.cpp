#include "support/changes_again.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <set>
#include <sstream>

#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* temporary = ".sandbox-apply-";

std::string attributes_of(const std::string& path) {
    std::array<char, 4096> names{};
    const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
    std::set<std::string> all;
    for (ssize_t at = 0; at < length;) {
        const std::string name = names.data() + at;
        std::array<char, 4096> value{};
        const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
        all.insert(name + "=" + std::string(value.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
        at += static_cast<ssize_t>(name.size()) + 1;
    }
    std::string text;
    for (const std::string& one : all) {
        text += " " + one;
    }
    return text;
}

std::string time_of(const struct stat& entry) {
    return std::to_string(entry.st_mtim.tv_sec) + "." + std::to_string(entry.st_mtim.tv_nsec);
}

TreeLine line_of(const std::string& path) {
    struct stat entry {};
    if (::lstat(path.c_str(), &entry) < 0) {
        return {"cannot be looked at"};
    }
    std::ostringstream text;
    text << std::oct << entry.st_mode << std::dec << attributes_of(path);
    if (S_ISDIR(entry.st_mode)) {
        return {text.str(), time_of(entry)};
    }
    text << ' ' << time_of(entry);
    if (S_ISLNK(entry.st_mode)) {
        text << " -> " << fs::read_symlink(path).native();
    } else if (S_ISREG(entry.st_mode)) {
        text << ' ' << entry.st_size << ' ' << std::hash<std::string>()(read_file(path));
    }
    return {text.str(), std::to_string(entry.st_nlink) + " names"};
}

bool is_temporary(const std::string& path) {
    return path.find(temporary) != std::string::npos;
}

TreeLine line_in(const Tree& tree, const std::string& path) {
    const auto found = tree.find(path);
    return found == tree.end() ? TreeLine{"nothing"} : found->second;
}

std::set<std::string> paths_in(std::initializer_list<const Tree*> trees) {
    std::set<std::string> paths;
    for (const Tree* tree : trees) {
        for (const auto& [path, line] : *tree) {
            paths.insert(path);
        }
    }
    return paths;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const TreeLine& line) {
    return stream << line.content << ", " << line.more;
}

Tree tree_at(const std::string& directory) {
    Tree tree;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        tree[entry.path().native().substr(directory.size() + 1)] = line_of(entry.path());
    }
    return tree;
}

void ChangesAgainTest::keep() {
    // What overlayfs works in is nothing to anybody else, and cannot be read.
    const Result result = run({"sh", "-euc",
                               "cd \"$0\"; chmod -R u+rwX changes/0/work; rm -rf changes/0/work/*; mkdir kept\n"
                               "cp -a host changes kept",
                               directory().path()});
    ASSERT_EQ(result.exit_status, 0) << result;
}

void ChangesAgainTest::start_again() {
    const Result result =
        run({"sh", "-euc", "cd \"$0\"; chmod -R u+rwX host changes; rm -rf host changes; cp -a kept/* .",
             directory().path()});
    ASSERT_EQ(result.exit_status, 0) << result;
    begin_again();
}

std::unique_ptr<Stepper> ChangesAgainTest::step_through(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {sandbox_binary()};
    command.insert(command.end(), words.begin(), words.end());
    auto stepper = std::make_unique<Stepper>(command, Stepper::StartedBy::this_thread, directory() / "printed");
    // Root does it itself, everybody else sends a child.
    if (::geteuid() != 0) {
        EXPECT_TRUE(stepper->follow_child());
    }
    return stepper;
}

int ChangesAgainTest::status_of(Stepper& stepper) {
    const int status = stepper.run_to_end();
    return ::geteuid() == 0 ? status : stepper.wait_for_parent();
}

std::string ChangesAgainTest::text_at(pid_t pid, std::uint64_t address) {
    std::array<char, 256> text{};
    const iovec here{text.data(), text.size() - 1};
    // Up to the end of its page, behind which there may be nothing.
    const iovec there{reinterpret_cast<void*>(address), std::min<std::size_t>(text.size() - 1, 4096 - address % 4096)};
    return ::process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 ? text.data() : "?";
}

void ChangesAgainTest::expect_old_or_new(const Tree& now, const Tree& before, const Tree& after) {
    for (const std::string& path : paths_in({&now, &before, &after})) {
        const std::string line = line_in(now, path).content;
        EXPECT_TRUE(is_temporary(path) || line == line_in(before, path).content || line == line_in(after, path).content)
            << path << ": " << line << "\n  old: " << line_in(before, path) << "\n  new: " << line_in(after, path);
    }
}

void ChangesAgainTest::expect_same(const Tree& now, const Tree& wanted) {
    for (const std::string& path : paths_in({&now, &wanted})) {
        EXPECT_EQ(line_in(now, path), line_in(wanted, path)) << path;
    }
}

}  // namespace sandbox_test
