#include "run/program_texts.hpp"

#include <cstdio>
#include <cstring>

namespace sandbox::run {
namespace {

// What there is, under the same numbers.
std::string identity_text(std::vector<plan::IdExtent> extents) {
    for (plan::IdExtent& extent : extents) {
        extent.outside = extent.inside;
    }
    return plan::map_text(extents);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const std::string& string : strings) {
        result.push_back(const_cast<char*>(string.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

// The strings that /proc/PID/cmdline and environ show, as far as init would show them inside: fields 48 to 51 of
// /proc/self/stat (proc(5)).
void find_argument_area(InitProgram& program) {
    std::FILE* file = std::fopen("/proc/self/stat", "re");
    if (file == nullptr) {
        return;
    }
    char text[4096];
    const std::size_t length = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    text[length] = '\0';
    const char* at = std::strrchr(text, ')');  // the name before may hold anything
    for (int field = 2; at != nullptr && field < 48; ++field) {
        at = std::strchr(at + 1, ' ');
    }
    unsigned long long arguments = 0;
    unsigned long long arguments_end = 0;
    unsigned long long environment = 0;
    unsigned long long environment_end = 0;
    if (at != nullptr &&
        std::sscanf(at, "%llu %llu %llu %llu", &arguments, &arguments_end, &environment, &environment_end) == 4 &&
        arguments != 0 && environment_end > arguments) {
        program.argument_area = reinterpret_cast<char*>(arguments);
        program.argument_area_size = static_cast<std::size_t>(environment_end - arguments);
    }
}

}  // namespace

ProgramTexts::ProgramTexts(const plan::Plan& plan)
    : plan_(plan),
      guest_uid_map_(plan::map_text(plan.guest_maps.users)),
      guest_gid_map_(plan::map_text(plan.guest_maps.groups)),
      quota_uid_map_(identity_text(plan.setup_maps.users)),
      quota_gid_map_(identity_text(plan.setup_maps.groups)) {
    const plan::Execute& execute = std::get<plan::Execute>(plan.steps.back());
    arguments_ = pointers(execute.arguments);
    environment_ = pointers(execute.environment);
    script_arguments_ = {const_cast<char*>("/bin/sh"), nullptr};
    script_arguments_.insert(script_arguments_.end(), arguments_.begin() + 1, arguments_.end());
    if (plan.time_offsets) {
        time_offsets_ = "monotonic " + std::to_string(plan.time_offsets->monotonic) + " 0\nboottime " +
                        std::to_string(plan.time_offsets->boottime) + " 0\n";
    }
}

InitProgram ProgramTexts::program() {
    InitProgram program;
    program.steps = plan_.steps.data();
    program.step_count = plan_.steps.size();
    program.arguments = arguments_.data();
    program.environment = environment_.data();
    program.script_arguments = script_arguments_.data();
    program.command_clone_flags = plan_.command_clone_flags;
    program.init_unshare_flags = plan_.init_unshare_flags;
    program.own_pid_namespace = plan_.fresh.contains(Namespace::pid);
    program.command_is_pid1 = plan_.command_is_pid1;
    program.listen = plan_.listen;
    program.guest_uid_map = guest_uid_map_.c_str();
    program.guest_gid_map = guest_gid_map_.c_str();
    if (plan_.joinable) {
        program.quota_uid_map = quota_uid_map_.c_str();
        program.quota_gid_map = quota_gid_map_.c_str();
    }
    if (plan_.time_offsets) {
        program.time_offsets = time_offsets_.c_str();
    }
    program.passed = plan_.passed.data();
    program.passed_count = plan_.passed.size();
    if (!plan_.command_is_pid1) {
        find_argument_area(program);  // otherwise init is in no /proc of the inside
    }
    return program;
}

}  // namespace sandbox::run
