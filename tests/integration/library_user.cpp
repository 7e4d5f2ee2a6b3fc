// The smallest program that uses the library, beside a thread of its own: library_user COMMAND [ARG]...
#include <iostream>
#include <thread>

#include <sandbox/sandbox.hpp>

int main(int argc, char** argv) {
    std::jthread other([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::yield();
        }
    });
    try {
        sandbox::Spec spec;
        spec.command.assign(argv + 1, argv + argc);
        return sandbox::launch(spec).wait().exit_status();
    } catch (const sandbox::Error& error) {
        std::cerr << render(error);
        return error.exit_status();
    }
}
