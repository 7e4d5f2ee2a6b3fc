#include "support/overlays.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "support/environment.hpp"

namespace sandbox_test {
namespace {

void describe(std::ostream& text, const std::filesystem::path& path) {
    struct stat entry {};
    if (::lstat(path.c_str(), &entry) < 0) {
        text << path << " cannot be looked at\n";
        return;
    }
    text << path << ' ' << std::oct << entry.st_mode << std::dec << ' ' << entry.st_uid << ':' << entry.st_gid << ' '
         << entry.st_nlink << ' ' << entry.st_ino << ' ' << entry.st_rdev << ' ' << entry.st_mtim.tv_sec << '.'
         << entry.st_mtim.tv_nsec << ' ' << entry.st_ctim.tv_sec << '.' << entry.st_ctim.tv_nsec;
    char names[4096];
    const ssize_t length = ::llistxattr(path.c_str(), names, sizeof names);
    text << ' ' << std::max<ssize_t>(length, 0);
    if (S_ISLNK(entry.st_mode)) {
        text << " -> " << std::filesystem::read_symlink(path);
    } else if (S_ISREG(entry.st_mode)) {
        text << ' ' << entry.st_size << ' ' << std::hash<std::string>()(read_file(path));
    }
    text << '\n';
}

}  // namespace

void make_tree(const std::string& directory) {
    namespace fs = std::filesystem;
    fs::create_directories(directory + "/sub/deep");
    fs::create_directories(directory + "/empty");
    fs::create_directories(directory + "/secret");
    write_file(directory + "/file", "old\n");
    write_file(directory + "/target", "target\n");
    write_file(directory + "/.hidden", "dot\n");
    write_file(directory + "/sub/inner", "SECRET\n");
    write_file(directory + "/sub/deep/file", "older\n");
    write_file(directory + "/secret/key", "SECRET\n");
    write_file(directory + "/script", "#!/bin/sh\necho old\n");
    write_file(directory + "/first", "first\n");
    fs::create_hard_link(directory + "/first", directory + "/twin");
    fs::create_symlink("target", directory + "/link");
    ::chmod((directory + "/script").c_str(), 0755);
}

std::string snapshot(const std::string& directory) {
    std::vector<std::filesystem::path> paths{directory};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    std::ostringstream text;
    for (const std::filesystem::path& path : paths) {
        describe(text, path);
    }
    return text.str();
}

void OverlayTest::SetUp() {
    SandboxTest::SetUp();
    if (IsSkipped() || HasFailure()) {
        return;
    }
    make_tree(work());
    before_ = snapshot(work());
}

void OverlayTest::TearDown() {
    EXPECT_EQ(before_.empty() ? before_ : snapshot(work()), before_) << "the host was changed";
    if (!before_.empty()) {
        run({"chmod", "-R", "u+rwX", directory().path()});  // the kernel leaves work/work closed to its owner
    }
    SandboxTest::TearDown();
}

}  // namespace sandbox_test
