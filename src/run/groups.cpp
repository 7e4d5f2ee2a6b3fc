#include "run/groups.hpp"

#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox::run {

int GroupsAside::remember() {
    const int most = ::getgroups(0, nullptr);
    groups_.resize(static_cast<std::size_t>(most < 0 ? 0 : most));
    const int count = ::getgroups(most, groups_.data());
    groups_.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
    return count < 0 ? errno : 0;
}

int GroupsAside::drop() const noexcept {
    return ::syscall(SYS_setgroups, 0UL, nullptr) < 0 ? errno : 0;
}

int GroupsAside::restore() const noexcept {
    return ::syscall(SYS_setgroups, groups_.size(), groups_.data()) < 0 ? errno : 0;
}

}  // namespace sandbox::run
