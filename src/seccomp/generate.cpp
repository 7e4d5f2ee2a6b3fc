// Build time only: prints the filters of every profile, as constants for compiled.hpp.
#include "seccomp/compile.hpp"

#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace sandbox::seccomp;

std::string print_program(const ArchitectureRow& machine, Profile profile, Opened opened) {
    const std::string name = std::string(machine.name) + (profile == Profile::strict ? "_strict" : "_standard") +
                             (opened.mounts ? "_mounts" : "") + (opened.setns ? "_setns" : "");
    std::printf("inline constexpr sock_filter %s[] = {\n", name.c_str());
    for (const sock_filter& line : compile(machine.architecture, calls_of(profile, opened))) {
        std::printf("    {0x%02x, %u, %u, 0x%08x},\n", line.code, line.jt, line.jf, line.k);
    }
    std::printf("};\n");
    return std::string("    {Profile::") + (profile == Profile::strict ? "strict" : "standard") + ", {" +
           (opened.mounts ? "true" : "false") + ", " + (opened.setns ? "true" : "false") + "}, " + name + "},\n";
}

void print_all() {
    for (const ArchitectureRow& machine : architecture_table) {
        std::string rows;
        for (const Profile profile : {Profile::standard, Profile::strict}) {
            for (const bool mounts : {false, true}) {
                for (const bool setns : {false, true}) {
                    rows += print_program(machine, profile, {mounts, setns});
                }
            }
        }
        std::printf("inline constexpr Compiled %s[] = {\n%s};\n", machine.name, rows.c_str());
    }
}

}  // namespace

int main() {
    try {
        print_all();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}
