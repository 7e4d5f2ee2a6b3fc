#include "support/environment.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace sandbox_test {
namespace {

// The first obstacle for an ordinary program that makes a user namespace and mounts in it, or an empty string. The
// mount belongs to it: AppArmor lets the namespace be made and then withholds its capabilities.
std::string userns_obstacle() {
    const pid_t child = fork();
    if (child < 0) {
        return std::string("fork: ") + std::strerror(errno);
    }
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            _exit(errno);
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const int error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return error == 0 ? std::string() : std::strerror(error);
}

}  // namespace

std::string given(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') {
        throw std::runtime_error(std::string(name) + " is not set: run the tests by ./dev test or meson test");
    }
    return value;
}

std::string sandbox_binary() {
    return given("SANDBOX_BIN");
}

std::vector<std::string> ids_of_this_run(const std::vector<std::string>& options) {
    const char* const value = std::getenv("SANDBOX_TESTS_REAL_IDS");
    const bool own = std::ranges::any_of(
        options, [](const std::string& option) { return option == "--map-users" || option == "--map-groups"; });
    return value == nullptr || std::string(value) != "1" || own ? std::vector<std::string>()
                                                                : std::vector<std::string>{"--map-users", "real"};
}

std::string probe(const std::string& name) {
    return given("SANDBOX_PROBES") + "/" + name;
}

std::vector<std::string> sandbox_command(const std::vector<std::string>& command,
                                         const std::vector<std::string>& options) {
    std::vector<std::string> words{sandbox_binary()};
    const std::string probes = given("SANDBOX_PROBES");
    for (const std::string& word : command) {
        if (word.find(probes) != std::string::npos) {
            words.insert(words.end(), {"--ro", probes});
            break;
        }
    }
    const std::vector<std::string> ids = ids_of_this_run(options);
    words.insert(words.end(), ids.begin(), ids.end());
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

void require_userns() {
    static const std::string obstacle = userns_obstacle();
    if (obstacle.empty()) {
        return;
    }
    const char* must_run = std::getenv("SANDBOX_TESTS_MUST_RUN");
    if (must_run != nullptr && std::string(must_run) == "1") {
        FAIL() << "user namespaces cannot be made here: " << obstacle;
    }
    GTEST_SKIP() << "user namespaces cannot be made here: " << obstacle;
}

int landlock_abi() {
    constexpr unsigned only_tell_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, only_tell_version);
    return version > 0 ? static_cast<int>(version) : 0;
}

TemporaryDirectory::TemporaryDirectory() {
    const char* parent = std::getenv("TMPDIR");
    std::string pattern =
        std::filesystem::canonical(parent != nullptr && *parent != '\0' ? parent : "/tmp").string() + "/sandbox-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), pattern);
    }
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    EXPECT_FALSE(std::filesystem::exists(path_)) << path_ << " could not be removed";
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    if (!file) {
        throw std::system_error(errno, std::generic_category(), path);
    }
}

}  // namespace sandbox_test
