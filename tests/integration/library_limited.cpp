// A program that uses the library for several sandboxes with a limit, one after the other: library_limited COMMAND
// [ARG]... Its status is 0 where each ended with 4. limits_systemd runs it.
#include <iostream>

#include <sandbox/sandbox.hpp>

int main(int argc, char** argv) {
    try {
        sandbox::Spec spec;
        spec.command.assign(argv + 1, argv + argc);
        spec.limits.pids = 9;
        for (int i = 0; i < 3; ++i) {
            if (sandbox::needs_scope(spec) || sandbox::launch(spec).wait().exit_status() != 4) {
                return 1;
            }
        }
        return 0;
    } catch (const sandbox::Error& error) {
        std::cerr << render(error);
        return error.exit_status();
    }
}
