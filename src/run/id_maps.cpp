#include "run/id_maps.hpp"

#include "sys/fd.hpp"
#include "sys/program.hpp"

#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

namespace sandbox::run {
namespace {

bool is_written(int directory, const char* name) {
    const sys::UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
    char first = 0;
    return file && ::read(file.get(), &first, 1) == 1;
}

// What counts is the map: a status can be lost where the caller ignores SIGCHLD. Returns the errno of what kept it from
// being started.
int run_helper(const char* helper, pid_t init, int directory, const char* map,
               const std::vector<plan::IdExtent>& extents) {
    std::vector<std::string> arguments = {std::to_string(init)};
    for (const plan::IdExtent& extent : extents) {
        for (const std::uint32_t number : {extent.inside, extent.outside, extent.count}) {
            arguments.push_back(std::to_string(number));
        }
    }
    std::optional<sys::ProgramResult> result;
    try {
        result = sys::run_program(helper, arguments);
    } catch (const std::system_error& error) {
        return error.code().value();
    }
    if (!result || !is_written(directory, map)) {
        throw HelperFailure{helper, !result, result ? result->errors : std::string()};
    }
    return 0;
}

}  // namespace

int write_map_file(int directory, const char* name, const std::string& text) {
    const sys::UniqueFd file(::openat(directory, name, O_WRONLY | O_CLOEXEC));
    return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

int write_uid_map(const plan::Plan& plan, pid_t init, int directory) {
    if (plan.users_by_helper) {
        return run_helper("newuidmap", init, directory, "uid_map", plan.setup_maps.users);
    }
    return write_map_file(directory, "uid_map", plan::map_text(plan.setup_maps.users));
}

int write_gid_map(const plan::Plan& plan, pid_t init, int directory) {
    if (plan.groups_by_helper) {
        return run_helper("newgidmap", init, directory, "gid_map", plan.setup_maps.groups);
    }
    return write_map_file(directory, "gid_map", plan::map_text(plan.setup_maps.groups));
}

}  // namespace sandbox::run
