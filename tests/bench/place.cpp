#include "place.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

namespace bench {
namespace files = std::filesystem;
namespace {

constexpr auto everybody_may_run = files::perms::owner_all | files::perms::group_read | files::perms::group_exec |
                                   files::perms::others_read | files::perms::others_exec;

std::string make_temporary_directory() {
    std::string path = "/var/tmp/sandbox-bench.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        throw std::runtime_error("mkdtemp: " + std::string(std::strerror(errno)));
    }
    return path;
}

}  // namespace

Place::Place(const std::string& sandbox, const std::string& programs) : directory_(make_temporary_directory()) {
    try {
        files::permissions(directory_, everybody_may_run);
        for (const auto& [from, to] :
             {std::pair{sandbox, this->sandbox()}, std::pair{programs + "/bench_floor", floor()},
              std::pair{programs + "/bench_floor_cgroup", floor_cgroup()},
              std::pair{programs + "/bench_floor_enter", floor_enter()},
              std::pair{programs + "/bench_floor_paths", floor_paths()}, std::pair{programs + "/bench_noop", noop()}}) {
            files::copy_file(from, to);
            files::permissions(to, everybody_may_run);
        }
    } catch (...) {
        files::remove_all(directory_);
        throw;
    }
}

Place::~Place() {
    std::error_code ignored;
    files::remove_all(directory_, ignored);
}

std::string Place::make_directories(const std::string& name, std::size_t count) const {
    std::string parent = directory_ + "/" + name;
    for (std::size_t i = 0; i < count; ++i) {
        files::create_directories(parent + "/" + std::to_string(i));
    }
    return parent;
}

void Place::give_to(const std::string& directory, uid_t uid, gid_t gid) {
    const auto give = [&](const std::string& path) {
        if (::lchown(path.c_str(), uid, gid) < 0) {
            throw std::runtime_error("chown " + path + ": " + std::strerror(errno));
        }
    };
    give(directory);
    for (const files::directory_entry& entry : files::recursive_directory_iterator(directory)) {
        give(entry.path());
    }
}

}  // namespace bench
