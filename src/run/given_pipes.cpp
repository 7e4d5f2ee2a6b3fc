#include "run/given_pipes.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/statfs.h>

namespace sandbox::run {
namespace {

constexpr decltype(std::declval<struct statfs>().f_type) pipefs_magic = 0x50495045;

// A FIFO in a directory is a file of the host, and stays what it is.
bool is_pipe_of_root(int fd) {
    struct stat entry {};
    struct statfs system {};
    return ::fstat(fd, &entry) == 0 && S_ISFIFO(entry.st_mode) && entry.st_uid == 0 && ::fstatfs(fd, &system) == 0 &&
           system.f_type == pipefs_magic;
}

}  // namespace

int give_pipes(const plan::Plan& plan, const std::array<sys::UniqueFd, 3>& ends) {
    if (!plan.private_ids) {
        return 0;
    }
    std::vector<int> given = plan.passed;
    for (int fd = 0; fd <= 2; ++fd) {
        const sys::UniqueFd& end = ends[static_cast<std::size_t>(fd)];
        given.push_back(end ? end.get() : fd);
    }
    for (const int fd : given) {
        if (is_pipe_of_root(fd) && ::fchown(fd, plan.command_ids.host_user, plan.command_ids.host_group) < 0) {
            return errno;
        }
    }
    return 0;
}

}  // namespace sandbox::run
